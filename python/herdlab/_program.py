"""The program: where it is, how it is called, what it complains about."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: What a value of an option may be: text as a scenario file has it (``"30s"``), a number, or a truth value.
Value: TypeAlias = "str | int | float | bool"

#: Versions of the outputs that this package reads, by command; docs/json.md has the rules of change.
INTERFACES: Final = {
    "run": 1,
    "diff": 1,
    "compare": 1,
    "sweep": 2,
    "recommend": 1,
    "headroom": 1,
    "fit": 1,
    "mrc": 1,
    "trace": 1,
    "verdict": 1,
    "results": 2,
}

_USAGE: Final = 2
#: Exit codes that come with a result: nothing fits, and a broken threshold.
_WITH_RESULT: Final = (0, 98, 99)


class Error(Exception):
    """The program failed; the text is its own message."""

    def __init__(self, message: str, code: int) -> None:
        """Keep the exit code beside the message."""
        super().__init__(message)
        #: Its exit code.
        self.code = code


class ScenarioError(Error):
    """The scenario or an option is wrong: nothing was run."""


class InterfaceError(Exception):
    """The program prints another version of its output than this package reads."""


def executable() -> Path:
    """Find the program: ``$HERDLAB``, or that of this package, or the one on the path.

    Raises:
        FileNotFoundError: There is none.

    """
    name = "herdlab" + (sysconfig.get_config_var("EXE") or "")
    if chosen := os.environ.get("HERDLAB"):
        return Path(chosen)
    user = sysconfig.get_preferred_scheme("user")
    folders = [
        Path(sysconfig.get_path("scripts")),
        Path(sysconfig.get_path("scripts", scheme=user)),
        # Of `pip install --target`.
        Path(__file__).resolve().parent.parent / "bin",
        Path(sys.prefix) / "bin",
    ]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    if found := shutil.which("herdlab"):
        return Path(found)
    message = f"{name} is not in {', '.join(map(str, folders))} and not on the path"
    raise FileNotFoundError(message)


def version() -> str:
    """Version of the program."""
    return _shown(["--version"])[0].split()[-1]


def call(command: str, *arguments: str | os.PathLike[str]) -> Any:
    """Call any command that has ``--format json`` and return what it prints.

    >>> herdlab.call("headroom", "my.toml", "--knob", "tier.l2.ttl=1s..10m")

    Raises:
        ScenarioError: The scenario or an option is wrong.
        Error: The program failed.
        InterfaceError: It prints another version of the output.

    """
    return decoded(command, _shown([command, *arguments, "--format", "json"])[0])


def called(command: Sequence[str | os.PathLike[str]]) -> tuple[str, int]:
    """Call a command; give its output as JSON text, and its exit code."""
    return _shown([*command, "--format", "json"])


def decoded(command: str, text: str) -> Any:
    """JSON of a command, in the version that this package reads."""
    value = json.loads(text)
    wanted = INTERFACES.get(command)
    found = value.get("schema")
    if found != wanted:
        by = value.get("herdlab", "of another version")
        message = f"herdlab {by} writes version {found} of {command}; this package reads version {wanted}"
        raise InterfaceError(message)
    return value


def options(
    *,
    set: Mapping[str, Value] | None = None,
    variants: Sequence[str] = (),
    seed: int | None = None,
    replications: int | None = None,
    duration: str | None = None,
    threads: int | None = None,
    more: Sequence[str] = (),
) -> list[str]:
    """Options that commands share, as they are on the command line."""
    words = [f"--set={path}={written(value)}" for path, value in (set or {}).items()]
    words += [f"--variant={name}" for name in variants]
    named = {"seed": seed, "replications": replications, "duration": duration, "threads": threads}
    words += [f"--{name}={value}" for name, value in named.items() if value is not None]
    return words + list(more)


def written(value: Value) -> str:
    """Value as ``--set`` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(arguments: Sequence[str | os.PathLike[str]]) -> tuple[str, int]:
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [executable(), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=environment,
    )
    if done.returncode not in _WITH_RESULT or not done.stdout:
        message = done.stderr.strip() or f"herdlab ended with exit code {done.returncode}"
        kind = ScenarioError if done.returncode == _USAGE else Error
        raise kind(message, done.returncode)
    return done.stdout, done.returncode
