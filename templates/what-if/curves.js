// The charts: today in grey, the variants in their colours.

const CURVES = [
  { name: 'load', title: 'Database load', note: 'Queries per second, and the capacity of the database.', axis: 'queries', unit: '1/s', series: 'db.qps', height: 210 },
  { name: 'p99', title: 'p99 latency over time', note: '99 of 100 requests are answered within it.', axis: 'p99', unit: 'ms', log: true, series: 'latency.p99_ms', height: 170 },
  { name: 'percentiles', title: 'Latency by percentile', note: 'All requests of the measured time.', axis: 'latency', unit: 'ms', log: true, height: 170 },
  { name: 'hit', title: 'Hit ratio over time', note: 'Share of lookups answered by a cache.', axis: 'hit ratio', unit: '1', series: 'hit', height: 170 },
  { name: 'errors', title: 'Errors over time', note: 'Share of requests that fail.', axis: 'errors', unit: '1', series: 'errors', optional: true, height: 170 },
];

// Of a variant: its own colour for as long as the page is open. The first one is today's.
const styleOf = (scenario, name) => 1 + (scenario.variants.indexOf(name) % (data.styles.length - 1));

// The points of a row for a chart, as `[x, y]`; steps end where their last window does.
function pointsOf(curve, row) {
  if (!curve.series) return [row.quantiles?.q ?? [], row.quantiles?.latency_ms ?? []];
  const { time_s: time = [], [curve.series]: values = [] } = row.series ?? {};
  if (values.length < 2) return [[], []];
  return [[...time, 2 * time[time.length - 1] - time[time.length - 2]], [...values, values[values.length - 1]]];
}

// Capacities as levels of the chart: those that are nearly the same as one, and named where they differ.
function capacities(shown) {
  const levels = [];
  for (const { name, row: { capacity_qps: value } } of shown.filter(({ row }) => row.capacity_qps)) {
    const level = levels.find((other) => Math.abs(other.value - value) < 0.05 * other.value);
    if (level) level.names.push(name); else levels.push({ value, names: [name] });
  }
  return levels.map(({ value, names }) => [`capacity ${withUnit(value, '1/s')}${levels.length > 1 ? `, ${names.join(', ')}` : ''}`, value]);
}

// The range of an axis. While figures come and go it only grows, so that a chart holds still under the eye.
function heldRange(axis, values, held) {
  const range = rangeOf(axis, values);
  return held ? [Math.min(range[0], held[0]), Math.max(range[1], held[1])] : range;
}

// A chart of the rows as `Chart` takes it; `null` where they have nothing to draw.
function figureOf(curve, scenario, shown, marks, held) {
  const lines = shown.map(({ row }) => pointsOf(curve, row));
  const drawn = lines.flatMap(([, ys]) => ys).filter((y) => Number.isFinite(y));
  if (drawn.length === 0 || (curve.optional && !drawn.some((y) => y > 0))) return null;
  const timed = Boolean(curve.series);
  const x = timed
    ? { name: 'simulated time', unit: 'time', labelled: true, from: 0, to: scenario.duration_s }
    : { name: 'percentile of requests', unit: 'percentile', labelled: true, from: 0 };
  if (!timed) x.to = lines.reduce((most, [qs]) => qs.reduce((far, q) => (q < 1 ? Math.max(far, place(x, q)) : far), most), 1);
  const y = { name: curve.axis, unit: curve.unit, log: curve.log ?? false, from: 0, to: 1 };
  const references = curve.name === 'load' ? capacities(shown) : [];
  [y.from, y.to] = heldRange(y, [...drawn, ...levelsNear({ references }, drawn)], held);
  const series = shown.map(({ name, style }, line) => ({ name, style, shape: timed ? 'steps' : 'line', line }));
  return {
    name: curve.name, title: curve.title, columns: 1, lines,
    panels: [{ title: '', x, y, series, references, marks: timed ? marks : [], height: curve.height }],
  };
}

class Curves {
  constructor(scenario, place, styles) {
    Object.assign(this, { scenario, styles, charts: new Map(), ranges: new Map() });
    this.names = new Set(['Today', ...scenario.variants]);
    this.elements = new Map(CURVES.map(({ name, title, note }) =>
      [name, html('figure', { id: name, hidden: '' }, html('figcaption', {}, html('h3', {}, title), html('p', {}, note)))]));
    place.append(...this.elements.values());
    this.resizer = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) {
        const chart = common.charts.find((candidate) => candidate.body === target);
        if (chart.width === contentRect.width) continue;
        chart.width = contentRect.width;
        chart.refresh();
      }
    });
  }

  // Draws the rows, today's first; `settled` frees the axes for a better range.
  show(rows, marks, settled) {
    for (const curve of CURVES) {
      const figure = figureOf(curve, this.scenario, rows, marks, settled ? null : this.ranges.get(curve.name));
      const element = this.elements.get(curve.name);
      element.hidden = figure === null;
      if (!figure) continue;
      const { from, to } = figure.panels[0].y;
      this.ranges.set(curve.name, [from, to]);
      const chart = this.charts.get(curve.name);
      if (chart) chart.replace(figure); else this.build(curve.name, element, figure);
    }
  }

  build(name, element, figure) {
    const chart = new Chart(element, figure, this.styles, this.names);
    element.classList.add('responsive');
    chart.seen = true;
    this.charts.set(name, chart);
    common.charts.push(chart);
    chart.width = chart.body.getBoundingClientRect().width;
    chart.draw();
    this.resizer.observe(chart.body);
  }
}
