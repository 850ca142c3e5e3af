// Saves a chart as it is shown: the picture as SVG or PNG, the values as CSV.

const SAVED_EDGE = 14;
// What style sheets give to the parts of a picture, and what each is without them.
const SAVED_STYLES = {
  fill: 'rgb(0, 0, 0)', 'fill-opacity': '1', opacity: '1', stroke: 'none', 'stroke-width': '1px', 'stroke-dasharray': 'none',
  'stroke-linejoin': 'miter', 'shape-rendering': 'auto', 'font-size': '', 'font-weight': '400', 'paint-order': 'normal',
};

function saveButtons(chart) {
  const button = (kind, save) => {
    const label = `Save “${chart.figure.title}” as ${kind}`;
    const made = html('button', { type: 'button', 'aria-label': label, title: `Save as ${kind}` }, kind);
    made.addEventListener('click', save);
    return made;
  };
  const save = (ending, type, content) => download(`${chart.figure.name}.${ending}`, new Blob([content], { type }));
  return html('span', { class: 'save' },
    button('SVG', () => save('svg', 'image/svg+xml', savedPicture(chart))),
    button('PNG', () => savePixels(savedPicture(chart), `${chart.figure.name}.png`)),
    button('CSV', () => save('csv', 'text/csv', savedValues(chart))));
}

function download(name, blob) {
  const link = html('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// A copy that looks the same without the page's style sheet.
function withStyles(picture) {
  const copy = picture.cloneNode(true);
  const originals = [picture, ...picture.querySelectorAll('*')];
  [copy, ...copy.querySelectorAll('*')].forEach((element, index) => {
    const style = getComputedStyle(originals[index]);
    for (const [name, usual] of Object.entries(SAVED_STYLES)) {
      const value = style.getPropertyValue(name);
      if (value && value !== usual && (name !== 'font-size' || element.tagName === 'text')) element.setAttribute(name, value);
    }
    for (const name of ['class', 'role', 'tabindex', 'aria-roledescription', 'aria-label', 'aria-hidden']) element.removeAttribute(name);
  });
  return copy;
}

// Words in lines of so many pixels.
function linesOf(text, size, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${word}` : word;
    if (textWidth(longer) * size / 11.5 > width && lines[lines.length - 1]) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

// Title, message, legend and the panels that are shown, as one document.
function savedPicture(chart) {
  const grid = chart.grid.getBoundingClientRect();
  const colors = getComputedStyle(chart.grid);
  const [ink, paper] = [colors.color, getComputedStyle(document.body).backgroundColor];
  const parts = [];
  let y = SAVED_EDGE;
  const text = (x, at, words, size, more = {}) => parts.push(svg('text', { x, y: at, 'font-size': size, fill: ink, ...more }, words));
  const say = (words, size, more) => {
    for (const line of linesOf(words, size, grid.width)) {
      y += size + 5;
      text(SAVED_EDGE, y, line, size, more);
    }
  };
  say(chart.figure.title, 16, { 'font-weight': 600 });
  say(chart.element.querySelector('figcaption p').textContent, 12.5, { opacity: 0.75 });
  y += 12;
  const shown = chart.plots.filter((plot) => !plot.box.hidden);
  const named = new Map();
  for (const { panel } of shown) {
    for (const series of chart.visible(panel)) if (series.shape !== 'backdrop' && !series.other && series.name !== panel.title) named.set(series.name, series);
  }
  if (named.size > 1 && !chart.rows) {
    let x = SAVED_EDGE;
    y += 14;
    for (const [name, series] of named) {
      const width = 36 + textWidth(name) * 1.1 + 16;
      if (x > SAVED_EDGE && x + width > grid.width) { x = SAVED_EDGE; y += 20; }
      const mark = svg('g', { transform: `translate(${x + 15} ${y - 4})` });
      mark.append(...withStyles(chart.legendMark(name)).childNodes);
      parts.push(mark);
      text(x + 36, y, name, 12.5);
      x += width;
    }
    y += 10;
  }
  for (const { panel, picture, overlay } of shown) {
    const box = picture.getBoundingClientRect();
    const [left, top] = [SAVED_EDGE + box.left - grid.left, y + box.top - grid.top];
    if (panel.title) text(left, top - 5, panel.title, 13, { 'font-weight': 600 });
    overlay.replaceChildren();
    const copy = withStyles(picture);
    for (const [key, value] of Object.entries({ x: left, y: top, width: box.width, height: box.height })) copy.setAttribute(key, value);
    parts.push(copy);
  }
  const [width, height] = [grid.width + 2 * SAVED_EDGE, y + grid.height + SAVED_EDGE].map(Math.ceil);
  const whole = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': colors.fontFamily },
    svg('rect', { width, height, fill: paper }), ...parts);
  return new XMLSerializer().serializeToString(whole);
}

// Twice as many pixels as on the screen, for paper and slides.
function savePixels(picture, name) {
  const image = new Image();
  image.addEventListener('load', () => {
    const canvas = html('canvas', { width: 2 * image.naturalWidth, height: 2 * image.naturalHeight });
    canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => download(name, blob), 'image/png');
  });
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(picture);
}

// The values that are shown, a row each; cells as src/report/csv.rs writes them.
function savedValues(chart) {
  const { x: across, y: up } = chart.figure.panels[0];
  const head = (axis) => (axis.unit === 'time' ? 'time_s' : axis.unit === '1' || axis.unit === 'percentile' ? axis.name : `${axis.name} (${axis.unit})`);
  const banded = chart.figure.panels.some((panel) => panel.bands);
  const rows = [chart.rows ? ['panel', 'series', 'low', 'mean', 'high'] : ['panel', 'series', head(across), head(up), ...(banded ? ['lowest', 'highest'] : [])]];
  const [from, to] = chart.range().map((placed) => unplace(across, placed));
  for (const { panel } of chart.plots.filter((plot) => !plot.box.hidden)) {
    for (const series of chart.visible(panel).filter((one) => one.shape !== 'backdrop')) {
      const { x, y } = series.points;
      if (chart.rows) { rows.push([panel.title, series.name, ...x]); continue; }
      const band = series.other ? undefined : (panel.bands ?? []).find((one) => one.name === series.name);
      for (let index = 0; index < chart.values(series); index++) {
        const ends = series.shape === 'line' ? x[index] : (x[index + 1] ?? x[index]);
        if (x[index] > to || ends < from || (ends === from && x[index] < from)) continue;
        rows.push([panel.title, lineName(series.name, series), x[index], y[index], ...(banded ? [band?.low.y[index], band?.high.y[index]] : [])]);
      }
    }
  }
  return rows.map((row) => row.map(cell).join(',') + '\n').join('');
}

// A number as it is, nothing for a gap; a text that a spreadsheet would take for a formula begins with an apostrophe.
function cell(value) {
  if (typeof value !== 'string') return Number.isFinite(value) ? String(Number(value.toPrecision(9))) : '';
  const harmless = /^[=+\-@\t\r\n＝＋－＠]/.test(value) && !(/\d/.test(value) && Number.isFinite(Number(value))) ? "'" + value : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
