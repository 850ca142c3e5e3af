// A figure of the page: panels, a legend, a cursor that reads all of them, and a zoom.

// What all charts have in common: the variants that are hidden and the time that is shown.
// Of a second run that is laid over: its name, whether it is hidden, and its buttons.
const common = { hidden: new Set(), time: null, charts: [], variants: new Set(), buttons: [], over: null, overHidden: false, overButtons: [] };

// The name of a line, with that of the second run where it is of that.
const lineName = (name, series) => (series.other ? `${name}, ${common.over}` : name);

// Draws charts that are out of sight one by one, while nothing else is to be done.
let drawing = false;
function drawLater() {
  if (drawing) return;
  drawing = true;
  const idle = window.requestIdleCallback ?? ((next) => setTimeout(next, 16));
  const next = () => {
    const chart = common.charts.find((candidate) => candidate.stale);
    drawing = chart !== undefined;
    if (!chart) return;
    chart.draw();
    idle(next);
  };
  idle(next);
}

// Gives series and bands their points.
function joinLines(figure) {
  const lines = figure.lines.map(decode);
  for (const panel of figure.panels) {
    for (const series of panel.series) series.points = lines[series.line];
    for (const band of panel.bands ?? []) [band.low, band.high] = [lines[band.low], lines[band.high]];
  }
}

class Chart {
  constructor(element, figure, styles, variants) {
    Object.assign(this, { element, figure, styles, variants, hidden: new Set(), ownZoom: null, cursor: null, seen: false });
    joinLines(figure);
    this.rows = figure.panels[0].y.unit === 'row';
    this.bars = this.rows && figure.panels[0].series[0].shape === 'stack';
    this.timed = figure.panels[0].x.unit === 'time';
    this.build();
  }

  // Shows a figure with the same panels but other data; what is hidden, zoomed or pointed at stays.
  replace(figure) {
    joinLines(figure);
    this.figure = figure;
    this.plots.forEach((plot, index) => { plot.panel = figure.panels[index]; });
    const at = this.cursor;
    this.refresh();
    if (at !== null && !this.stale) this.point(at);
  }

  // --- Elements -------------------------------------------------------------------------------------------------------

  build() {
    const names = html('div', { class: 'names' });
    this.names = new Map();
    // Variants are named once for all charts; here only what else tells lines apart.
    for (const series of this.figure.panels.flatMap((panel) => panel.series)) {
      const { name, shape } = series;
      if (shape === 'backdrop' || series.other || this.variants.has(name) || this.names.has(name)) continue;
      const button = html('button', { type: 'button', class: 'name', 'aria-pressed': 'true' }, swatch(this.styles, series), name);
      button.addEventListener('click', () => this.toggle(name));
      this.names.set(name, button);
    }
    if (this.names.size > 1 && (!this.rows || this.bars)) names.append(...this.names.values());
    this.grid = html('div', { class: this.figure.columns > 1 ? 'panels two' : 'panels' });
    this.plots = this.figure.panels.map((panel) => this.buildPanel(panel));
    this.readout = html('div', { class: 'readout', hidden: '' });
    this.spoken = html('p', { class: 'unseen', 'aria-live': 'polite' });
    this.body = html('div', { class: 'live' }, names, this.grid, this.readout, this.spoken);
    const caption = this.element.querySelector('figcaption');
    caption.append(html('div', { class: 'actions' }, ...(this.rows ? [] : [this.zoomButtons()]), saveButtons(this)));
    caption.after(this.body);
  }

  zoomButtons() {
    const button = (text, label, action) => {
      const made = html('button', { type: 'button', 'aria-label': label, title: label }, text);
      made.addEventListener('click', action);
      return made;
    };
    this.all = button('Reset', 'Show everything', () => this.zoom(null));
    const zoomed = (factor) => () => this.zoomBy(factor);
    return html('span', { class: 'zoom' }, button('+', 'Zoom in', zoomed(0.5)), button('−', 'Zoom out', zoomed(2)), this.all);
  }

  buildPanel(panel) {
    const label = `${this.figure.title}${panel.title ? ', ' + panel.title : ''}. Arrow keys move the cursor.`;
    const picture = svg('svg', { class: 'plot', role: 'application', 'aria-roledescription': 'chart', 'aria-label': label });
    const plot = { panel, picture, box: html('div', {}) };
    if (panel.title) plot.box.append(html('h4', {}, panel.title));
    plot.box.append(picture);
    this.grid.append(plot.box);
    picture.addEventListener('keydown', (event) => this.key(event));
    picture.addEventListener('blur', () => this.point(null));
    picture.addEventListener('pointerdown', (event) => this.press(event, plot));
    picture.addEventListener('pointermove', (event) => this.move(event, plot));
    picture.addEventListener('pointerup', (event) => this.release(event, plot));
    picture.addEventListener('pointercancel', () => this.drop(plot));
    picture.addEventListener('pointerleave', () => { if (!plot.press) this.point(null); });
    picture.addEventListener('dblclick', () => this.zoom(null));
    return plot;
  }

  // --- What is shown --------------------------------------------------------------------------------------------------

  shows(name) {
    return !(this.variants.has(name) ? common.hidden : this.hidden).has(name);
  }

  visible(panel) {
    return panel.series.filter((series) => this.shows(series.name) && !(series.other && common.overHidden));
  }

  // Hides or shows a line that is no variant, in this chart alone.
  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    // Hiding the last one shows all again.
    if (this.hidden.size === this.names.size) this.hidden.clear();
    this.refresh();
  }

  bands(panel) {
    return (panel.bands ?? []).filter((band) => this.shows(band.name));
  }

  // How many points of a line have a value of their own: the last one of steps repeats the one before to close it; a state
  // at the end of the run is no repetition.
  values({ points: { x, y }, shape }) {
    const closed = shape !== 'line' && !(this.timed && y[y.length - 1] !== y[y.length - 2]);
    return closed ? x.length - 1 : x.length;
  }

  // Line and marker of a name.
  legendMark(name) {
    return (this.names.get(name) ?? common.buttons.find(([variant]) => variant === name)[1]).querySelector('svg');
  }

  range() {
    return (this.timed ? common.time : this.ownZoom) ?? [this.figure.panels[0].x.from, this.figure.panels[0].x.to];
  }

  // Shows a placed range of x; without one, everything.
  zoom(range) {
    const { from, to } = this.figure.panels[0].x;
    if (range) {
      const least = (to - from) / 5000;
      range = [Math.max(from, range[0]), Math.min(to, range[1])];
      if (range[1] - range[0] < least) return;
      if (range[0] <= from && range[1] >= to) range = null;
    }
    if (!this.timed) {
      this.ownZoom = range;
      this.refresh();
      return;
    }
    common.time = range;
    remember();
    common.charts.filter((chart) => chart.timed).forEach((chart) => chart.refresh());
  }

  zoomBy(factor) {
    const [from, to] = this.range();
    const axis = this.figure.panels[0].x;
    const at = this.cursor === null ? (from + to) / 2 : place(axis, this.cursor);
    const start = at - (at - from) * factor;
    this.zoom([Math.max(axis.from, start), start + (to - from) * factor]);
  }

  // Panels with the same axis keep the same range, so that they can be compared.
  yRange(panel) {
    const [from, to] = this.range();
    const whole = from === panel.x.from && to === panel.x.to;
    const others = this.figure.panels.filter((other) => ['unit', 'from', 'to'].every((key) => other.y[key] === panel.y[key]));
    // Cells keep their places.
    if (panel.heat) return [panel.y.from, panel.y.to];
    if (whole && others.every((other) => this.panelShown(other) && this.visible(other).length === other.series.length)) return [panel.y.from, panel.y.to];
    const values = [];
    const seen = others.filter((other) => this.panelShown(other));
    const lines = seen.flatMap((other) => [...this.visible(other).map((series) => series.points), ...this.bands(other).flatMap(({ low, high }) => [low, high])]);
    for (const { x, y } of lines) {
      const first = Math.max(0, lastUpTo(x, unplace(panel.x, from)));
      const last = lastUpTo(x, unplace(panel.x, to));
      for (let index = first; index <= last; index++) values.push(y[index]);
    }
    return rangeOf(panel.y, [...values, ...seen.flatMap((other) => levelsNear(other, values))]);
  }

  panelShown(panel) {
    const own = panel.series.filter((series) => series.shape !== 'backdrop');
    return own.some((series) => this.shows(series.name) && !(series.other && common.overHidden)) && this.shows(panel.title);
  }

  // --- Drawing --------------------------------------------------------------------------------------------------------

  refresh() {
    this.stale = true;
    if (this.seen) this.draw(); else drawLater();
  }

  draw() {
    this.stale = false;
    const [from, to] = this.range();
    for (const [key, button] of this.names) button.setAttribute('aria-pressed', String(this.shows(key)));
    if (this.all) this.all.disabled = from === this.figure.panels[0].x.from && to === this.figure.panels[0].x.to;
    let first = true;
    for (const plot of this.plots) {
      const shown = this.panelShown(plot.panel);
      plot.box.hidden = !shown;
      if (!shown) continue;
      // One stop for the Tab key per figure.
      plot.picture.setAttribute('tabindex', first ? 0 : -1);
      first = false;
      const width = Math.max(plot.box.clientWidth, 200);
      const series = this.visible(plot.panel);
      plot.view = this.bars
        ? drawBars(plot.picture, plot.panel, series, width)
        : this.rows
        ? drawRows(plot.picture, plot.panel, series, this.styles, width)
        : drawPanel(plot.picture, plot.panel, series, this.styles, { width, from, to, range: this.yRange(plot.panel), narrow: width < 500, bands: this.bands(plot.panel) });
      plot.overlay = svg('g', { transform: `translate(${plot.view.left} ${plot.view.top})` });
      plot.picture.append(plot.overlay);
    }
    this.stops = this.rows ? null : this.cursorStops();
    this.point(null);
  }

  // Where the cursor can stand: every x that some visible line has a value at.
  cursorStops() {
    const [from, to] = this.range().map((placed) => unplace(this.figure.panels[0].x, placed));
    const stops = new Set();
    for (const { panel } of this.plots.filter((plot) => !plot.box.hidden)) {
      for (const series of this.visible(panel)) {
        const { points: { x, y }, shape } = series;
        const last = this.values(series);
        for (let index = 0; index < last; index++) {
          const ends = shape === 'line' ? x[index] : (x[index + 1] ?? x[index]);
          if (ends >= from && x[index] <= to && Number.isFinite(y[index])) stops.add(x[index]);
        }
      }
    }
    return Float64Array.from(stops).sort();
  }

  // --- The cursor -----------------------------------------------------------------------------------------------------

  // Puts the cursor to an x (to a row of a panel, where there are rows); `null` takes it away.
  point(x, plot, event) {
    this.cursor = x;
    for (const { overlay } of this.plots) if (overlay) overlay.replaceChildren();
    if (x === null) {
      this.readout.hidden = true;
      return;
    }
    const [title, table] = this.rows ? this.readRow(x, plot) : this.readAll(x);
    this.readout.replaceChildren(html('p', {}, title), table);
    this.readout.hidden = false;
    const target = plot ?? this.plots.find((candidate) => !candidate.box.hidden);
    this.placeReadout(target, this.rows ? target.view.width / 2 : target.view.toX(place(target.panel.x, x)), event);
  }

  // Beside the cursor, on the side with more room, inside the figure.
  placeReadout({ picture, view }, x, event) {
    const body = this.body.getBoundingClientRect();
    const box = picture.getBoundingClientRect();
    const at = box.left - body.left + view.left + Math.min(Math.max(x, 0), view.width);
    const width = this.readout.offsetWidth;
    const left = at + 14 + width <= body.width ? at + 14 : at - 14 - width;
    const top = event ? event.clientY - body.top - this.readout.offsetHeight - 12 : box.top - body.top + view.top;
    this.readout.style.left = `${Math.max(0, Math.min(left, body.width - width))}px`;
    this.readout.style.top = `${Math.max(this.grid.offsetTop - this.readout.offsetHeight / 2, top)}px`;
  }

  // The values of everything visible at an x: a row per variant, a column per kind of line.
  readAll(x) {
    const rows = new Map();
    const columns = [];
    for (const plot of this.plots.filter((candidate) => !candidate.box.hidden)) {
      const { panel, view, overlay } = plot;
      const at = view.toX(place(panel.x, x));
      overlay.append(svg('line', { class: 'cursor', x1: at, x2: at, y1: 0, y2: view.height }));
      for (const series of this.visible(panel)) {
        const value = valueAt(series, x, panel.x);
        const y = view.toY(place(panel.y, value));
        if (Number.isFinite(y) && y >= 0 && y <= view.height && series.shape !== 'backdrop') overlay.append(sign(this.styles, series, at, y));
        if (series.shape === 'backdrop') continue;
        const byPanel = !this.variants.has(series.name) && this.variants.has(panel.title);
        const [whose, column] = byPanel ? [panel.title, series.name] : [series.name, panel.title === series.name ? '' : panel.title];
        const row = lineName(whose, series);
        if (!columns.includes(column)) columns.push(column);
        if (!rows.has(row)) rows.set(row, { series: byPanel ? null : series, cells: new Map() });
        rows.get(row).cells.set(column, withUnit(value, panel.y.unit));
      }
    }
    const table = html('table', {});
    if (columns.some((column) => column)) table.append(html('tr', {}, html('td', {}), html('td', {}), ...columns.map((column) => html('td', {}, column))));
    for (const [row, { series, cells }] of rows) {
      const mark = html('td', {});
      if (series) mark.append(swatch(this.styles, series));
      const values = columns.map((column) => html('td', {}, cells.get(column) ?? ''));
      table.append(html('tr', {}, mark, html('td', { class: 'who' }, row), ...values));
    }
    return [this.xText(x), table];
  }

  // The x in words, and what happens there.
  xText(x) {
    const { panel } = this.plots.find((plot) => !plot.box.hidden);
    const index = lastUpTo(this.stops, x);
    const next = index + 1 < this.stops.length ? this.stops[index + 1] : x;
    if (panel.x.unit === 'percentile') return `${Number((x * 100).toFixed(6))} % of requests`;
    if (panel.x.unit !== 'time') return `${panel.x.name}: ${withUnit(x, panel.x.unit)}`;
    const step = Math.min(next - x || 1, 1);
    const unit = panel.x.to <= 180 ? ' s' : '';
    const events = new Set();
    for (const { panel: one } of this.plots) {
      for (const [label, from, to] of one.marks ?? []) if (label && from < Math.max(next, x + 1e-9) && to >= x) events.add(label);
    }
    return [`${clock(panel.x, x, step)}${unit}`, ...events].join(' · ');
  }

  readRow(index, plot) {
    if (this.bars) return this.readBar(index, plot);
    const series = this.visible(plot.panel)[index];
    const [low, mean, high] = series.points.x;
    const y = plot.view.rowTop(index);
    plot.overlay.append(svg('rect', { class: 'chosen', x: -plot.view.left, y, width: plot.view.full, height: plot.view.rowHeight }));
    const line = (name, text) => html('tr', {}, html('td', {}), html('td', { class: 'who' }, name), html('td', {}, text));
    const unit = plot.panel.x.unit;
    const table = series.shape === 'bar'
      ? html('table', {}, line('at the low end', withUnit(low, unit)), line('at the high end', withUnit(high, unit)))
      : html('table', {}, line('mean', withUnit(mean, unit)), ...(low < high ? [line('95 % interval', `${withUnit(low, unit)} to ${withUnit(high, unit)}`)] : []));
    return [series.name, table];
  }

  // The segments of a bar, and all of it.
  readBar(index, plot) {
    const { panel, view, overlay } = plot;
    overlay.append(svg('rect', { class: 'chosen', x: -view.left, y: view.rowTop(index), width: view.full, height: view.rowHeight }));
    const table = html('table', {});
    let sum = 0;
    for (const series of this.visible(panel)) {
      const value = segment(series, index);
      sum += value;
      if (value === 0) continue;
      const mark = html('td', {});
      mark.append(swatch(this.styles, series));
      table.append(html('tr', {}, mark, html('td', { class: 'who' }, series.name), html('td', {}, withUnit(value, panel.x.unit))));
    }
    table.append(html('tr', {}, html('td', {}), html('td', { class: 'who' }, 'together'), html('td', {}, withUnit(sum, panel.x.unit))));
    return [`${panel.y.rows[index]}, ${panel.title.split(' ')[0]}`, table];
  }

  // How many rows can be pointed at.
  rowCount(panel) {
    return this.bars ? panel.y.rows.length : this.visible(panel).length;
  }

  // --- Pointer and keys -----------------------------------------------------------------------------------------------

  // Where the pointer is along x, in pixels of the plot.
  offset(event, { picture, view }) {
    return event.clientX - picture.getBoundingClientRect().left - view.left;
  }

  // The stop that belongs to a place on the screen.
  stopAt(event, plot) {
    if (this.rows) {
      const y = event.clientY - plot.picture.getBoundingClientRect().top - plot.view.top;
      return Math.min(Math.max(Math.floor(y / plot.view.rowHeight), 0), this.rowCount(plot.panel) - 1);
    }
    if (this.stops.length === 0) return null;
    const x = plot.view.fromX(this.offset(event, plot));
    const before = Math.max(0, lastUpTo(this.stops, unplace(plot.panel.x, x)));
    const after = Math.min(before + 1, this.stops.length - 1);
    const steps = plot.panel.series[0].shape !== 'line';
    const far = (index) => Math.abs(place(plot.panel.x, this.stops[index]) - x);
    return this.stops[!steps && far(after) < far(before) ? after : before];
  }

  press(event, plot) {
    if (event.button !== 0) return;
    this.point(this.stopAt(event, plot), plot, event);
    // A finger that is drawn along reads; it zooms by the buttons.
    if (this.rows || event.pointerType === 'touch') return;
    plot.press = this.offset(event, plot);
    plot.picture.setPointerCapture(event.pointerId);
  }

  move(event, plot) {
    this.point(this.stopAt(event, plot), plot, event);
    if (plot.press === undefined) return;
    const [start, end] = this.span(event, plot);
    plot.overlay.append(svg('rect', { class: 'chosen', x: start, y: 0, width: end - start, height: plot.view.height }));
  }

  span(event, plot) {
    const inside = (x) => Math.min(Math.max(x, 0), plot.view.width);
    return [plot.press, this.offset(event, plot)].map(inside).sort((a, b) => a - b);
  }

  release(event, plot) {
    if (plot.press === undefined) return;
    const [start, end] = this.span(event, plot);
    this.drop(plot);
    if (end - start > 6) this.zoom([plot.view.fromX(start), plot.view.fromX(end)]);
  }

  drop(plot) {
    plot.press = undefined;
  }

  key(event) {
    const count = this.rows ? this.rowCount(this.figure.panels[0]) : this.stops.length;
    const at = this.rows ? this.cursor ?? -1 : this.cursor === null ? -1 : lastUpTo(this.stops, this.cursor);
    const step = event.shiftKey ? 10 : 1;
    let next = null;
    if (event.key === 'ArrowRight' || (this.rows && event.key === 'ArrowDown')) next = Math.min(at + step, count - 1);
    else if (event.key === 'ArrowLeft' || (this.rows && event.key === 'ArrowUp')) next = Math.max(at - step, 0);
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = count - 1;
    else if (event.key === '+' && !this.rows) this.zoomBy(0.5);
    else if (event.key === '-' && !this.rows) this.zoomBy(2);
    else if (event.key === 'Escape') { this.zoom(null); this.point(null); } else return;
    event.preventDefault();
    if (next === null || count === 0) return;
    this.point(this.rows ? next : this.stops[next], this.plots.find((plot) => plot.picture === event.currentTarget));
    this.spoken.textContent = this.readout.innerText;
  }
}

// Dots with their intervals, a row per variant; where there is little room the name stands above its row.
function drawRows(picture, panel, series, styles, width) {
  const narrow = width < 560;
  const rowHeight = narrow ? 40 : 24;
  const names = narrow ? 0 : Math.min(Math.max(...series.map((one) => textWidth(one.name))) + 12, width * 0.3);
  const labels = narrow ? 0 : Math.max(...series.map((one) => textWidth(one.label))) + 10;
  const [from, to] = [panel.x.from, panel.x.to];
  const edge = narrow ? 8 : 0;
  const view = { left: names + edge, top: 4, width: width - names - labels - 2 * edge - (narrow ? 0 : 6), full: width, rowHeight };
  const height = rowHeight * series.length;
  const toX = (value) => (place(panel.x, value) - from) / (to - from) * view.width;
  view.rowTop = (index) => index * rowHeight;
  picture.setAttribute('height', height + 26);
  picture.setAttribute('viewBox', `0 0 ${width} ${height + 26}`);
  const group = svg('g', { transform: `translate(${view.left} ${view.top})` });
  for (const [placed, text] of ticksOf(panel.x, from, to, Math.max(2, Math.floor(view.width / 90)))) {
    const x = (placed - from) / (to - from) * view.width;
    group.append(svg('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: height }));
    const half = textWidth(text) / 2;
    const at = Math.min(Math.max(x, half - view.left), width - view.left - half);
    group.append(svg('text', { class: 'label', x: at, y: height + 16, 'text-anchor': 'middle' }, text));
  }
  group.append(svg('line', { class: 'frame', x1: 0, x2: view.width, y1: height, y2: height }));
  series.forEach((one, index) => {
    const middle = index * rowHeight + (narrow ? 28 : 12);
    const [low, mean, high] = [...one.points.x].map(toX);
    const text = narrow ? middle - 14 : middle + 4;
    group.append(
      svg('path', { class: `curve ${one.shape} s${one.style}`, d: `M${low.toFixed(1)} ${middle}H${high.toFixed(1)}` }),
      ...(one.shape === 'bar' ? [] : [sign(styles, one, mean, middle)]),
      svg('text', narrow ? { x: 0, y: text } : { x: -10, y: text, 'text-anchor': 'end' }, cut(one.name, narrow ? view.width - textWidth(one.label) - 12 : names - 10)),
      svg('text', { x: narrow ? view.width : view.width + labels, y: text, 'text-anchor': 'end' }, one.label),
    );
  });
  picture.replaceChildren(group);
  return view;
}

// The length of a series' segment in the bar of a row.
function segment(series, row) {
  const { x } = series.points;
  return x[2 * row + 1] - x[2 * row];
}

// Stacked bars, a row per variant; where there is little room the name stands above its bar. Whatever is hidden leaves no gap.
function drawBars(picture, panel, series, width) {
  const rows = panel.y.rows;
  const sums = rows.map((_, row) => series.reduce((sum, one) => sum + segment(one, row), 0));
  const texts = sums.map((sum) => withUnit(sum, panel.x.unit));
  const narrow = width < 560;
  const rowHeight = narrow ? 44 : 28;
  const names = narrow ? 0 : Math.min(Math.max(...rows.map(textWidth)) + 12, width * 0.3);
  const labels = narrow ? 0 : Math.max(...texts.map(textWidth)) + 10;
  const edge = narrow ? 8 : 0;
  const view = { left: names + edge, top: 4, width: width - names - labels - 2 * edge - (narrow ? 0 : 6), full: width, rowHeight };
  const height = rowHeight * rows.length;
  const [from, to] = rangeOf(panel.x, [0, ...sums]);
  view.rowTop = (index) => index * rowHeight;
  const toX = (value) => (value - from) / (to - from) * view.width;
  picture.setAttribute('height', height + 26);
  picture.setAttribute('viewBox', `0 0 ${width} ${height + 26}`);
  const group = svg('g', { transform: `translate(${view.left} ${view.top})` });
  for (const [placed, text] of ticksOf(panel.x, from, to, Math.max(2, Math.floor(view.width / 90)))) {
    const x = toX(placed);
    group.append(svg('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: height }));
    const half = textWidth(text) / 2;
    const at = Math.min(Math.max(x, half - view.left), width - view.left - half);
    group.append(svg('text', { class: 'label', x: at, y: height + 16, 'text-anchor': 'middle' }, text));
  }
  group.append(svg('line', { class: 'frame', x1: 0, x2: view.width, y1: height, y2: height }));
  rows.forEach((name, row) => {
    const top = row * rowHeight + (narrow ? 20 : 4);
    const text = narrow ? top - 6 : top + 14;
    let end = 0;
    for (const one of series) {
      const start = end;
      end += segment(one, row);
      group.append(svg('rect', { class: `sign full s${one.style}`, x: toX(start), y: top, width: Math.max(0, toX(end) - toX(start)), height: 20 }));
    }
    group.append(
      svg('text', narrow ? { x: 0, y: text } : { x: -10, y: text, 'text-anchor': 'end' }, cut(name, narrow ? view.width - textWidth(texts[row]) - 12 : names - 10)),
      svg('text', { x: narrow ? view.width : view.width + labels, y: text, 'text-anchor': 'end' }, texts[row]),
    );
  });
  picture.replaceChildren(group);
  return view;
}

// A text that fits, with an ellipsis where something is missing.
function cut(text, width) {
  if (textWidth(text) <= width) return text;
  let short = text;
  while (short && textWidth(short + '…') > width) short = short.slice(0, -1);
  return short.trimEnd() + '…';
}
