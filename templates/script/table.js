// Tables that a reader sorts by a column, and narrows to what keeps the limits or has some words.

function sortedTable(table) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  // Numbers by size, all else by its letters; what has no value comes last in both directions.
  const keys = (column) => rows.map((row) => row.cells[column].dataset.sort);
  const sort = (column, descending) => {
    const texts = keys(column);
    const isNumber = (text) => text !== '' && Number.isFinite(Number(text));
    const compare = (a, b) => {
      const [x, y] = [texts[a], texts[b]];
      if (isNumber(x) && isNumber(y)) return (Number(x) - Number(y)) * (descending ? -1 : 1) || a - b;
      if (isNumber(x) !== isNumber(y)) return isNumber(x) ? -1 : 1;
      return x.localeCompare(y, 'en') * (descending ? -1 : 1) || a - b;
    };
    body.append(...[...rows.keys()].sort(compare).map((index) => rows[index]));
  };
  heads.forEach((head, column) => {
    const button = html('button', { type: 'button', class: 'sort', title: 'Sort by this column' });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const descending = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
      sort(column, descending);
    });
  });
  const within = html('input', { type: 'checkbox' });
  const words = html('input', { type: 'search', placeholder: 'Filter', 'aria-label': 'Show rows that have these words' });
  const count = html('span', { class: 'soft', 'aria-live': 'polite' });
  const show = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter((word) => word);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = (within.checked && row.dataset.within === undefined) || !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = shown === rows.length ? `${rows.length} rows` : `${shown} of ${rows.length} rows`;
  };
  within.addEventListener('change', show);
  words.addEventListener('input', show);
  const tools = html('div', { class: 'tools' }, words);
  // No choice where all of them do.
  if (rows.some((row) => row.dataset.within === undefined)) tools.append(html('label', {}, within, ' only those within the limits'));
  tools.append(count);
  table.parentElement.before(tools);
  show();
}
