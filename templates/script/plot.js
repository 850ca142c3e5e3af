// One panel as SVG: grid, events, lines; nothing here remembers anything.

// About how wide a text is at 11.5 pixels.
const textWidth = (text) => [...text].reduce((sum, letter) => sum + (/[A-Z%mwMW@]/.test(letter) ? 9 : /[il.,:' ]/.test(letter) ? 4 : 7.2), 0);

// The points of a line: typed arrays of x and y; a gap is NaN.
function decode(line) {
  const ys = line[line.length - 1];
  const y = Float64Array.from(ys, (value) => (value === null ? NaN : value));
  const x = line.length === 3 ? Float64Array.from(ys, (_, index) => line[0] + index * line[1]) : Float64Array.from(line[0]);
  return { x, y };
}

// Index of the last x that is not above a value; -1 before the first.
function lastUpTo(xs, value) {
  let low = -1;
  let high = xs.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (xs[middle] <= value) low = middle; else high = middle - 1;
  }
  return low;
}

// A series' value at an x, and whether it has one there.
function valueAt(series, x, xAxis) {
  const { points: { x: xs, y: ys }, shape } = series;
  const index = lastUpTo(xs, x + 1e-9 * Math.abs(x));
  if (index < 0) return NaN;
  if (shape !== 'line') return index === xs.length - 1 && x > xs[index] ? NaN : ys[index];
  if (index === xs.length - 1) return Math.abs(xs[index] - x) <= 1e-9 * Math.abs(x) ? ys[index] : NaN;
  // Between two points, on the line that is drawn.
  const [from, to, at] = [place(xAxis, xs[index]), place(xAxis, xs[index + 1]), place(xAxis, x)];
  return at === from ? ys[index] : ys[index] + (ys[index + 1] - ys[index]) * (at - from) / (to - from);
}

// SVG path data of a line: per column of pixels its first, lowest, highest and last point, which looks the same.
function pathData(series, view) {
  const { points: { x: xs, y: ys }, shape } = series;
  const steps = shape !== 'line';
  const first = Math.max(0, lastUpTo(xs, unplace(view.x, view.from)) - 1);
  const last = Math.min(xs.length - 1, lastUpTo(xs, unplace(view.x, view.to)) + 1);
  const parts = [];
  let open = false;
  let before = NaN;
  const put = (x, y) => {
    parts.push((open ? 'L' : 'M') + x.toFixed(1) + ' ' + y.toFixed(1));
    open = true;
  };
  let index = first;
  while (index <= last) {
    const x = view.toX(place(view.x, xs[index]));
    const y = view.toY(place(view.y, ys[index]));
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      // Steps hold their value until here.
      if (steps && open && Number.isFinite(x)) put(x, before);
      open = false;
      index++;
      continue;
    }
    if (steps && open) put(x, before);
    put(x, y);
    before = y;
    let low = y;
    let high = y;
    const start = index;
    for (index++; index <= last; index++) {
      const nextX = view.toX(place(view.x, xs[index]));
      const nextY = view.toY(place(view.y, ys[index]));
      if (!(nextX - x < 0.7) || !Number.isFinite(nextY)) break;
      low = Math.min(low, nextY);
      high = Math.max(high, nextY);
      before = nextY;
    }
    if (index - start > 1) { put(x, low); put(x, high); put(x, before); }
  }
  return parts.join('');
}

// A marker of a style at a place.
function sign(styles, series, x, y) {
  const style = styles[series.style];
  const look = series.shape === 'backdrop' ? 'backdrop' : 's' + series.style;
  return svg('path', { class: `sign ${style.filled ? 'full' : 'open'} ${look}`, d: style.marker, transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})` });
}

// Line with a marker, for legends and read-outs.
function swatch(styles, series) {
  const picture = svg('svg', { width: 30, height: 14, viewBox: '-15 -7 30 14', 'aria-hidden': 'true' });
  const look = series.shape === 'backdrop' ? 'backdrop' : 's' + series.style;
  if (series.shape === 'stack') {
    picture.append(svg('rect', { class: `sign full ${look}`, x: -10, y: -6, width: 20, height: 12 }));
    return picture;
  }
  const line = svg('path', { class: `curve ${look}`, d: 'M-15 0H15' });
  if (series.other) {
    line.setAttribute('stroke-opacity', OTHER_OPACITY);
    line.setAttribute('stroke-dasharray', OTHER_DASH);
    picture.append(line);
    return picture;
  }
  if (styles[series.style].dash && series.shape !== 'backdrop' && common.over === null) line.setAttribute('stroke-dasharray', styles[series.style].dash);
  picture.append(line);
  if (series.shape !== 'backdrop') picture.append(sign(styles, series, 0, 0));
  return picture;
}

// Room for the labels of marks: each in the first line where it covers no other.
function placeMarks(marks, view) {
  const ends = [];
  return marks.map(([label, from, to]) => {
    const x = view.toX(Math.max(from, view.from));
    const seen = to >= view.from && from <= view.to;
    const width = textWidth(label);
    const end = x + width > view.width;
    const start = end ? x - width : x;
    let row = -1;
    if (seen && label && start >= -view.left) row = [...Array(MARK_LINES_MAX).keys()].findIndex((line) => !(start <= (ends[line] ?? -Infinity) + 8));
    if (row >= 0) ends[row] = start + width;
    return { label, from, to, seen, row, x, end };
  });
}

// Draws a panel into its picture and returns the view: how values and pixels belong together.
function drawPanel(picture, panel, series, styles, { width, from, to, range, narrow, bands }) {
  const height = Math.max(panel.height, narrow ? 150 : 0);
  const ySpace = Math.max(2, Math.floor(height / 38));
  const yTicks = ticksOf(panel.y, range[0], range[1], ySpace);
  const left = Math.min(Math.max(...yTicks.map(([, text]) => textWidth(text)), 12) + 8, width / 3);
  const view = { x: panel.x, y: panel.y, from, to, left, height, width: width - left - 12 };
  view.toX = (placed) => (placed - from) / (to - from) * view.width;
  view.toY = (placed) => height - (placed - range[0]) / (range[1] - range[0]) * height;
  view.fromX = (pixels) => from + pixels / view.width * (to - from);
  const marks = placeMarks(panel.marks ?? [], view);
  const rows = Math.max(0, ...marks.map((mark) => mark.row + 1));
  view.top = 8 + rows * 14 + (panel.y.labelled ? 16 : 0);
  const bottom = 22 + (panel.x.labelled ? 18 : 0);
  picture.setAttribute('height', view.top + height + bottom);
  picture.setAttribute('viewBox', `0 0 ${width} ${view.top + height + bottom}`);

  // What lies outside the axes is cut off by a picture inside the picture.
  // Two pixels more on top and below, for lines that run along an edge.
  const data = svg('svg', { x: left, y: view.top - 2, width: view.width, height: height + 4, viewBox: `0 -2 ${view.width} ${height + 4}`, overflow: 'hidden' });
  const frame = svg('g', { transform: `translate(${left} ${view.top})` });
  const labels = svg('g', { transform: `translate(${left} ${view.top})` });
  for (const mark of marks.filter((mark) => mark.seen && mark.to > mark.from)) {
    const start = view.toX(Math.max(mark.from, from));
    data.append(svg('rect', { class: 'span', x: start, y: 0, width: view.toX(Math.min(mark.to, to)) - start, height }));
  }
  if (panel.heat) data.append(...drawHeat(panel.heat, view));
  for (const band of bands) data.append(drawBand(band, view));
  let below = Infinity;
  for (const [placed, text] of yTicks) {
    const y = view.toY(placed);
    data.append(svg('line', { class: 'grid', x1: 0, x2: view.width, y1: y, y2: y }));
    if (y > below - 14) continue;
    below = y;
    labels.append(svg('text', { x: -6, y: y + 4, 'text-anchor': 'end' }, text));
  }
  let free = -Infinity;
  for (const [placed, text] of ticksOf(panel.x, from, to, Math.max(3, Math.floor(view.width / 64)))) {
    const x = view.toX(placed);
    data.append(svg('line', { class: 'grid', x1: x, x2: x, y1: 0, y2: height }));
    const half = textWidth(text) / 2;
    // The last label stays inside the picture, and clear of the one before.
    const middle = Math.min(x, view.width + 10 - half);
    if (middle - half <= free) continue;
    free = middle + half + 6;
    labels.append(svg('text', { x: middle, y: height + 16, 'text-anchor': 'middle' }, text));
  }
  for (const mark of marks.filter((mark) => mark.seen)) {
    if (mark.from > from) data.append(svg('line', { class: 'mark', x1: mark.x, x2: mark.x, y1: 0, y2: height }));
    if (mark.row < 0) continue;
    const y = -5 - mark.row * 14;
    labels.append(svg('text', { class: 'label event', x: mark.x, y, 'text-anchor': mark.end ? 'end' : 'start' }, mark.label));
  }
  frame.append(svg('line', { class: 'frame', x1: 0, x2: view.width, y1: height, y2: height }));
  const [levels, levelNames] = drawLevels(panel.references ?? [], series, view);
  data.append(...levels);
  const others = series.filter((one) => one.other);
  const own = series.filter((one) => !one.other);
  for (const one of [...others, ...own]) data.append(...drawSeries(one, styles, view, { together: own.length, laid: others.length > 0 }));
  labels.append(...levelNames);
  if (panel.y.labelled) labels.append(svg('text', { class: 'label', x: -left, y: 10 - view.top }, axisName(panel.y)));
  if (panel.x.labelled) {
    const name = panel.x.unit === 'time' ? timeName(panel.x) : panel.x.name;
    labels.append(svg('text', { class: 'label', x: view.width / 2, y: height + 34, 'text-anchor': 'middle' }, name));
  }
  picture.replaceChildren(data, frame, labels);
  return view;
}

// Ticks carry their unit, but for rates: theirs is said once.
const axisName = (axis) => (axis.unit === '1/s' ? axis.name + ' (per second)' : axis.name);

function drawSeries(series, styles, view, { together, laid }) {
  const backdrop = series.shape === 'backdrop';
  const look = backdrop ? 'backdrop' : 's' + series.style;
  const data = pathData(series, view);
  const curve = svg('path', { class: `curve ${look}`, d: data });
  const dense = data.length > 12 * view.width;
  if (series.other) {
    curve.setAttribute('stroke-opacity', OTHER_OPACITY);
    if (!dense) curve.setAttribute('stroke-dasharray', OTHER_DASH);
    return [curve];
  }
  // Dashes of a line that fills its width with ups and downs would only look like missing data.
  // Beside those of a second run they would mean nothing.
  const dash = backdrop || laid || dense ? '' : styles[series.style].dash;
  if (dash) curve.setAttribute('stroke-dasharray', dash);
  // A single line needs no pattern.
  if (backdrop || together === 1) return [curve];
  const markers = [];
  for (let index = 0; index < MARKERS; index++) {
    const shift = (series.style % MARKER_SHIFTS + 0.5) / MARKER_SHIFTS;
    const placed = view.from + (view.to - view.from) / MARKERS * (index + shift);
    const y = view.toY(place(view.y, valueAt(series, unplace(view.x, placed), view.x)));
    if (Number.isFinite(y) && y >= 0 && y <= view.height) markers.push(sign(styles, series, view.toX(placed), y));
  }
  return [curve, ...markers];
}
