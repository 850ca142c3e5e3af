// The variants of the page: one legend above the charts of a section, which hides in all charts.

// Puts a legend above the first chart of each section.
function showLegends(styles, names) {
  const sections = new Set(common.charts.map((chart) => chart.element.parentElement));
  for (const section of names.size > 1 || common.over !== null ? sections : []) section.querySelector('figure').before(variantLegend(styles, names));
}

function variantLegend(styles, names) {
  const drawn = (name) => common.charts.flatMap((chart) => chart.figure.panels).flatMap((panel) => panel.series)
    .find((series) => series.name === name && series.shape !== 'backdrop' && !series.other);
  const buttons = [...names].map((name) => {
    const button = html('button', { type: 'button', class: 'name', 'aria-pressed': 'true' });
    const series = drawn(name);
    if (series) button.append(swatch(styles, series));
    button.append(name);
    button.addEventListener('click', () => toggleVariant(name));
    common.buttons.push([name, button]);
    return button;
  });
  if (common.over !== null) buttons.push(overButton(styles));
  return html('div', { class: 'variants', role: 'group', 'aria-label': 'Variants: shown or hidden in all charts' },
    html('div', { class: 'names' }, ...buttons));
}

// Shows or hides the second run in all charts.
function overButton(styles) {
  const series = { style: 0, shape: 'line', other: true };
  const button = html('button', { type: 'button', class: 'name over', 'aria-pressed': 'true' }, swatch(styles, series), common.over);
  button.addEventListener('click', () => {
    common.overHidden = !common.overHidden;
    showVariants();
    remember();
  });
  common.overButtons.push(button);
  return button;
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
  for (const button of common.overButtons) button.setAttribute('aria-pressed', String(!common.overHidden));
  common.charts.forEach((chart) => chart.refresh());
}
