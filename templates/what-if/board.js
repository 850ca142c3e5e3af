// The board: today and up to three variants side by side, with verdict, figures, and differences from today.

// From this share of the database's capacity on, its meter warns.
const FULL = 0.8;
const LEVEL_CLASSES = { safe: 'better', 'at risk': 'risk', 'not safe': 'worse' };
const DIFFERENCE_WORDS = { better: 'better', worse: 'worse', same: '', change: '' };

// A label at the beginning of a line; percentiles keep their small letter.
const sentence = (label) => (/^p\d/.test(label) ? label : label.charAt(0).toUpperCase() + label.slice(1));

// The rows of the board: those that matter, and behind them all others.
function boardRows(measures) {
  const known = measures.some(({ headline }) => headline !== undefined);
  return measures.map((measure, index) => ({ ...measure, more: known ? !measure.headline : index >= 8 }));
}

class Board {
  constructor(scenario, table) {
    Object.assign(this, { scenario, table, rows: boardRows(scenario.measures), columns: [] });
    this.head = html('tr', {});
    this.bodies = [html('tbody', {}), html('tbody', { class: 'more', id: 'more-figures', hidden: '' })];
    table.append(html('thead', {}, this.head), ...this.bodies);
    const count = this.rows.filter(({ more }) => more).length;
    this.toggle = html('button', { type: 'button', 'aria-expanded': 'false', 'aria-controls': 'more-figures' });
    this.toggle.addEventListener('click', () => this.expand(this.bodies[1].hidden));
    const words = (shown) => (shown ? 'Fewer figures' : `${counted(count, 'more figure')}`);
    this.expand = (shown) => {
      this.bodies[1].hidden = !shown;
      this.toggle.setAttribute('aria-expanded', String(shown));
      this.toggle.textContent = words(shown);
    };
    this.expand(false);
    if (count > 0) table.after(html('p', { class: 'expand' }, this.toggle));
  }

  // Builds the columns anew where the chosen variants have changed.
  choose(names, styles) {
    const columns = [null, ...names];
    if (columns.length === this.columns.length && columns.every((name, index) => name === this.columns[index].name)) return;
    this.columns = columns.map((name) => this.column(name, styles));
    this.table.style.setProperty('--columns', columns.length);
    this.head.replaceChildren(html('td', {}), ...this.columns.map(({ head }) => head));
    for (const [more, body] of this.bodies.entries()) {
      const rows = this.rows.filter((row) => row.more === Boolean(more));
      body.replaceChildren(...rows.map((row) => html('tr', { 'data-measure': row.name },
        html('th', { scope: 'row', title: row.name }, sentence(row.label)), ...this.columns.map(({ cells }) => cells.get(row.name).cell))));
    }
  }

  column(name, styles) {
    const style = name === null ? 0 : styleOf(this.scenario, name);
    const [origin, level, reason] = [html('p', { class: 'origin' }, name === null ? this.scenario.baseline : ''), html('p', { class: 'level' }, '…'), html('p', { class: 'reason' })];
    const title = name ?? 'Today';
    const head = html('th', { scope: 'col', class: `s${style}` },
      html('p', { class: 'who' }, swatch(styles, { style, shape: 'steps' }), html('span', {}, title)), origin, level, reason);
    const cells = new Map(this.rows.map((row) => {
      const [value, interval, change] = [html('strong', {}, '–'), html('small', { class: 'interval' }), html('small', { class: 'change' })];
      const cell = html('td', { 'data-label': title }, html('span', { class: 'value' }, value, ' ', interval), change);
      const capacity = row.name.startsWith('db.qps.') ? html('span', { class: 'capacity' }, html('span', { class: 'meter', 'aria-hidden': 'true' }, html('i', {})), html('small', {})) : null;
      if (capacity) cell.append(capacity);
      return [row.name, { cell, value, interval, change, capacity }];
    }));
    return { name, head, origin, level, reason, cells };
  }

  // Shows the rows that there are; `null` is one that is not known yet. `stale` names columns that show an earlier setting,
  // `changes` is how many knobs have left today's place.
  show(today, rows, stale, changes) {
    for (const column of this.columns) {
      if (column.name !== null) column.origin.textContent = changes > 0 ? `with ${counted(changes, 'change')}` : 'as in the file';
      const row = column.name === null ? today : rows.get(column.name) ?? null;
      const old = stale(column.name);
      column.head.classList.toggle('stale', old);
      for (const { cell } of column.cells.values()) cell.classList.toggle('stale', old);
      if (!row) continue;
      column.level.textContent = row.verdict?.level ?? '';
      column.level.className = `level ${LEVEL_CLASSES[row.verdict?.level] ?? ''}`;
      column.reason.textContent = row.verdict?.text ?? '';
      for (const measure of this.rows) this.fill(column, measure, row, column.name === null ? null : today);
    }
  }

  fill(column, measure, row, today) {
    const { value, interval, change, capacity } = column.cells.get(measure.name);
    const figure = row.values[measure.name];
    value.textContent = figure ? withUnit(figure.mean, measure.unit) : '–';
    interval.textContent = figure ? intervalText(figure, measure.unit) : '';
    const before = today?.values[measure.name];
    const found = figure && before ? differenceFrom(before, figure, measure) : null;
    change.className = `change ${found?.kind ?? ''}`;
    change.replaceChildren();
    if (found) change.append(found.text, ...(DIFFERENCE_WORDS[found.kind] ? [html('span', { class: 'unseen' }, ` (${DIFFERENCE_WORDS[found.kind]})`)] : []));
    if (!capacity || !figure) return;
    capacity.hidden = !row.capacity_qps;
    if (!row.capacity_qps) return;
    const share = figure.mean / row.capacity_qps;
    const [meter, words] = capacity.children;
    meter.firstChild.style.width = `${Math.min(share, 1) * 100}%`;
    capacity.classList.toggle('full', share > FULL);
    words.replaceChildren(`${percent(share * 100)} % of capacity`, html('span', {}, ` ${withUnit(row.capacity_qps, '1/s')}`));
  }
}
