// What lies behind the lines of a panel: bands, and levels to compare the lines with. As src/report/backing.rs draws them.

// A band between two edges of steps; windows narrower than a pixel are joined to their lowest and highest.
function drawBand({ low, high, style }, view) {
  const xs = low.x;
  const first = Math.max(0, lastUpTo(xs, unplace(view.x, view.from)));
  const last = Math.min(xs.length - 1, lastUpTo(xs, unplace(view.x, view.to)) + 1);
  const at = (index) => view.toX(place(view.x, xs[index]));
  const edges = (index) => [low, high].map(({ y }) => view.toY(place(view.y, y[index])));
  const parts = [];
  let [top, bottom] = [[], []];
  const close = () => {
    if (top.length > 0) parts.push(`M${top.join('L')}L${bottom.reverse().join('L')}Z`);
    [top, bottom] = [[], []];
  };
  for (let index = first; index < last;) {
    const from = at(index);
    let [lowest, highest] = edges(index);
    if (!Number.isFinite(lowest) || !Number.isFinite(highest)) {
      close();
      index++;
      continue;
    }
    for (index++; index < last && at(index) - from < 0.7; index++) {
      const [below, above] = edges(index);
      if (!Number.isFinite(below) || !Number.isFinite(above)) break;
      lowest = Math.max(lowest, below);
      highest = Math.min(highest, above);
    }
    const to = at(index);
    top.push(`${from.toFixed(1)} ${highest.toFixed(1)}`, `${to.toFixed(1)} ${highest.toFixed(1)}`);
    bottom.push(`${from.toFixed(1)} ${lowest.toFixed(1)}`, `${to.toFixed(1)} ${lowest.toFixed(1)}`);
  }
  close();
  return svg('path', { class: `band s${style}`, d: parts.join('') });
}

// Cells of a heat map: a path for each shade.
function drawHeat({ step, edges, runs }, view) {
  const across = (column) => view.toX(Math.min(column * step, view.x.to));
  const up = edges.map((edge) => view.toY(place(view.y, edge)));
  return runs.map((triples, shade) => {
    const parts = [];
    for (let index = 0; index < triples.length; index += 3) {
      const [row, from, to] = triples.slice(index, index + 3);
      const [left, right] = [across(from), across(to)];
      if (right < 0 || left > view.width) continue;
      parts.push(`M${left.toFixed(1)} ${up[row + 1].toFixed(1)}H${right.toFixed(1)}V${up[row].toFixed(1)}H${left.toFixed(1)}Z`);
    }
    return svg('path', { class: 'heat', 'fill-opacity': HEAT_OPACITIES[shade], d: parts.join('') });
  });
}

// Levels that a zoomed range has room for: none so far above the values that it would flatten them.
function levelsNear(panel, values) {
  const highest = values.reduce((most, value) => (value > most ? value : most), 0);
  return (panel.references ?? []).map(([, y]) => y).filter((y) => y <= LEVEL_FAR * highest);
}

// Lines of the levels, and their labels.
function drawLevels(references, series, view) {
  const levels = references
    .map(([label, y]) => ({ label, y: view.toY(place(view.y, y)), width: textWidth(label) }))
    .filter(({ y }) => y >= 0 && y <= view.height);
  const taken = [];
  const lines = levels.map(({ y }) => svg('line', { class: 'reference', x1: 0, x2: view.width, y1: y, y2: y }));
  const labels = levels.map(({ label, y, width }) => {
    const area = ([right, away]) => {
      const left = right ? view.width - 4 - width : 4;
      return [left, y + away - 6.5, left + width, y + away + 6.5];
    };
    // How much a place covers: other labels weigh most, then what lies outside, other levels, lines.
    const covered = (candidate) => {
      const [left, top, right, bottom] = area(candidate);
      const label = taken.some((other) => left < other[2] && other[0] < right && top < other[3] && other[1] < bottom);
      const level = levels.some((other) => other.y > top && other.y < bottom);
      const line = series.some((one) => one.shape !== 'backdrop' && crosses(one, view, [left, top, right, bottom]));
      return 8 * label + 4 * (top < 0 || bottom > view.height) + 2 * level + line;
    };
    const places = [[true, -8], [true, 8], [false, -8], [false, 8]].map((candidate) => [covered(candidate), candidate]);
    const [, chosen] = places.reduce((best, other) => (other[0] < best[0] ? other : best));
    taken.push(area(chosen));
    const [right, away] = chosen;
    return svg('text', { class: 'rim', x: right ? view.width - 4 : 4, y: y + away + 4, 'text-anchor': right ? 'end' : 'start' }, label);
  });
  return [lines, labels];
}

// Whether a line passes through an area of the plot.
function crosses({ points: { x, y } }, view, [left, top, right, bottom]) {
  const last = lastUpTo(x, unplace(view.x, view.fromX(right)));
  let before = NaN;
  for (let index = Math.max(0, lastUpTo(x, unplace(view.x, view.fromX(left)))); index <= last; index++) {
    const at = view.toY(place(view.y, y[index]));
    const from = Number.isFinite(before) ? before : at;
    if (Math.min(at, from) <= bottom && Math.max(at, from) >= top) return true;
    before = at;
  }
  return false;
}
