// The choice of variants, which is the legend of the charts as well.

function buildVariants(scenario, place, styles, turned) {
  const mark = (name, style) => {
    const element = html('button', { type: 'button', class: 'name', 'aria-pressed': 'false' }, swatch(styles, { style, shape: 'line' }), name);
    common.buttons.push([name, element]);
    return element;
  };
  const today = mark('Today', 0);
  const key = html('span', { class: 'name today' }, ...today.childNodes);
  common.buttons[common.buttons.length - 1][1] = key;
  const buttons = new Map(scenario.variants.map((name) => [name, mark(name, styleOf(scenario, name))]));
  for (const [name, button] of buttons) button.addEventListener('click', () => turned(name));
  place.append(key, ...buttons.values());
  return (state) => {
    for (const [name, button] of buttons) button.setAttribute('aria-pressed', String(state.variants.includes(name)));
  };
}

// Today and the chosen variants in three figures, which stay in sight of the knobs on a small screen.
const STRIP = [['db.qps.mean', 'load'], ['latency.all.p99_ms', 'p99'], ['hit_ratio', 'hits']];

function showStrip(place, scenario, styles, columns) {
  const measures = STRIP.map(([name, label]) => [scenario.measures.find((measure) => measure.name === name), label]).filter(([measure]) => measure);
  const cells = columns.flatMap(({ name, style, row, old }) => [
    html('span', { class: `who s${style} ${LEVEL_CLASSES[row?.verdict?.level] ?? ''}` }, html('i', {}), name),
    ...measures.map(([measure]) => html('span', { class: old ? 'stale' : '' }, row?.values[measure.name] ? withUnit(row.values[measure.name].mean, measure.unit) : '–')),
  ]);
  place.style.setProperty('--columns', measures.length);
  place.replaceChildren(html('span', {}), ...measures.map(([, label]) => html('span', { class: 'soft' }, label)), ...cells);
}
