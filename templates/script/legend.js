// The variants of the page: one legend above the charts of a section, which hides in all charts.

// Puts a legend above the first chart of each section.
function showLegends(styles, names) {
  const sections = new Set(common.charts.map((chart) => chart.element.parentElement));
  for (const section of names.size > 1 ? sections : []) section.querySelector('figure').before(variantLegend(styles, names));
}

function variantLegend(styles, names) {
  const drawn = (name) => common.charts.flatMap((chart) => chart.figure.panels).flatMap((panel) => panel.series)
    .find((series) => series.name === name && series.shape !== 'backdrop');
  const buttons = [...names].map((name) => {
    const button = html('button', { type: 'button', class: 'name', 'aria-pressed': 'true' });
    const series = drawn(name);
    if (series) button.append(swatch(styles, series));
    button.append(name);
    button.addEventListener('click', () => toggleVariant(name));
    common.buttons.push([name, button]);
    return button;
  });
  return html('div', { class: 'variants', role: 'group', 'aria-label': 'Variants: shown or hidden in all charts' },
    html('div', { class: 'names' }, ...buttons));
}

function toggleVariant(name) {
  const { hidden, variants } = common;
  if (!hidden.delete(name)) hidden.add(name);
  // Hiding the last one shows all again.
  if (hidden.size === variants.size) hidden.clear();
  showVariants();
  remember();
}

function showVariants() {
  for (const [name, button] of common.buttons) button.setAttribute('aria-pressed', String(!common.hidden.has(name)));
  common.charts.forEach((chart) => chart.refresh());
}
