"""Rows as data frames; pandas is imported when the first one is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

#: A row of a table: its cells by the names of the columns.
Row: TypeAlias = "dict[str, Any]"


def frame(rows: Iterable[Row], columns: Sequence[str]) -> pd.DataFrame:
    """Make a data frame with these columns, also of no rows.

    Raises:
        ImportError: pandas is not installed.

    """
    try:
        import pandas as pd
    except ImportError as error:
        message = "data frames need pandas (pip install 'herdlab[pandas]'); the methods that end in _rows do without"
        raise ImportError(message) from error
    return pd.DataFrame(list(rows), columns=list(columns))
