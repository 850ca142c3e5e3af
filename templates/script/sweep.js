// The page of a sweep: a slider for each axis, and the figures of the cell that they name beside those of another cell.

const swept = JSON.parse(document.getElementById('data').textContent);
// Places by their settings, `null` for what a variant sets itself: `2,null,0/1`.
const keyOf = (at, variant) => `${at.map((index) => index ?? '').join(',')}/${variant}`;
const placesByKey = new Map(swept.places.map((place, index) => [keyOf(place.at, place.variant), index]));
const state = { at: [], variant: 0, compared: swept.reference };

// The place that the sliders name; `undefined` where its cell is not finished.
function currentPlace() {
  const { own } = swept.variants[state.variant];
  return placesByKey.get(keyOf(state.at.map((index, axis) => (own[axis] === null ? index : null)), state.variant));
}

// Moves the sliders to a place; along an axis that its variant sets itself they stay.
function goTo(index) {
  const place = swept.places[index];
  state.variant = place.variant;
  place.at.forEach((at, axis) => { if (at !== null) state.at[axis] = at; });
}

// --- Controls ---------------------------------------------------------------------------------------------------------

function axisControl(axis, index) {
  const value = html('output', {});
  const last = axis.labels.length - 1;
  const input = axis.ordered
    ? html('input', { type: 'range', min: 0, max: last, step: 1, id: `axis-${index}` })
    : html('select', { id: `axis-${index}` }, ...axis.labels.map((label, at) => html('option', { value: at }, label)));
  input.addEventListener('input', () => {
    state.at[index] = Number(input.value);
    show();
  });
  const update = () => {
    const own = swept.variants[state.variant].own[index];
    const label = own === null ? axis.labels[state.at[index]] : `${own} (pinned)`;
    input.value = state.at[index];
    input.disabled = own !== null || last === 0;
    input.setAttribute('aria-valuetext', label);
    value.textContent = axis.ordered || own !== null ? label : '';
  };
  return [html('div', { class: 'slider' }, html('label', { for: `axis-${index}` }, html('code', {}, axis.path)), value, input), update];
}

function variantControl() {
  const options = swept.variants.map(({ name }, at) => html('option', { value: at }, name));
  const input = html('select', { id: 'variant' }, ...options);
  input.addEventListener('input', () => {
    state.variant = Number(input.value);
    show();
  });
  return [html('div', { class: 'slider' }, html('label', { for: 'variant' }, 'variant'), input), () => { input.value = state.variant; }];
}

// --- Figures ----------------------------------------------------------------------------------------------------------

// The paired difference of two lists, replication by replication: mean and half the 95 % interval (`null` for one pair).
function pairedDifference(before, after) {
  const pairs = after.map((value, run) => [before[run], value]).filter(([a, b]) => a !== null && b !== null && a !== undefined);
  const differences = pairs.map(([a, b]) => b - a);
  const n = differences.length;
  if (n === 0) return null;
  const mean = differences.reduce((sum, one) => sum + one, 0) / n;
  if (n === 1) return { mean, half: null };
  const squares = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return { mean, half: swept.quantiles[n - 2] * Math.sqrt(squares / (n - 1) / n) };
}

// `+12.3 ± 0.4 ms`; shares differ by percentage points. Both figures end at the first digit of the half width.
function differenceText({ mean, half }, unit) {
  const [suffix, divisor] = unit === '1' ? ['pt', 0.01] : scaleFor(unit, Math.max(Math.abs(mean), half ?? 0));
  const [size, width] = [Math.abs(mean) / divisor, (half ?? 0) / divisor];
  const decimals = Math.min(Math.max(-Math.floor(Math.log10(width)), 0), 6);
  const text = width > 0 ? grouped(size.toFixed(decimals)) : number(size);
  const sign = /[1-9]/.test(text) ? (mean < 0 ? '−' : '+') : '';
  const around = half === null ? '' : ` ± ${width > 0 ? grouped(width.toFixed(decimals)) : '0'}`;
  return withSuffix(sign + text + around, suffix);
}

// Better or worse where the whole interval lies on one side of zero.
function differenceClass({ mean, half }, better) {
  if (half === null || better === 0 || Math.abs(mean) <= half) return 'soft';
  return Math.sign(mean) === better ? 'better' : 'worse';
}

function card(measure, place, compared) {
  const figure = html('strong', {}, place.figures[measure.index]);
  const parts = [figure];
  if (place !== compared) {
    const mixed = place.mixed || compared.mixed;
    const found = mixed ? null : pairedDifference(compared.values[measure.index], place.values[measure.index]);
    const base = compared.figures[measure.index];
    if (found) {
      const chance = found.half !== null && Math.abs(found.mean) <= found.half && found.half > 0 ? ' (may be chance)' : '';
      parts.push(html('small', {}, html('span', { class: differenceClass(found, measure.better) }, differenceText(found, measure.unit) + chance), ` from ${base}`));
    } else {
      parts.push(html('small', {}, mixed ? `two states: no difference; compared: ${base}` : `compared: ${base}`));
    }
  }
  return html('div', {}, html('dt', {}, measure.name), html('dd', {}, ...parts));
}

// --- The page ---------------------------------------------------------------------------------------------------------

const controls = swept.axes.map(axisControl);
if (swept.variants.length > 1) controls.push(variantControl());
const setting = document.getElementById('setting');
const headline = html('p', { class: 'verdict' });
const why = html('p', { class: 'why' });
const against = html('p', { class: 'soft' });
const cards = html('dl', { class: 'highlights' });
const spoken = html('div', { 'aria-live': 'polite' }, headline, why, against, cards);
const button = (text, action) => {
  const made = html('button', { type: 'button' }, text);
  made.addEventListener('click', () => { action(); show(); });
  return made;
};
const home = button(`Back to ${swept.home}`, () => goTo(swept.reference));
const pin = button('Compare others with this', () => { state.compared = currentPlace() ?? state.compared; });
const unpin = button(`Compare with ${swept.home}`, () => { state.compared = swept.reference; });
const strip = html('div', { class: 'sliders live' }, ...controls.map(([control]) => control), html('div', { class: 'actions' }, home, pin, unpin));
setting.append(html('div', { class: 'live' }, spoken));
setting.before(strip);
setting.parentElement.classList.add('responsive');
document.querySelector('.hint').hidden = false;

// The places of a cell in the pictures.
const targets = new Map();
for (const target of document.querySelectorAll('rect.spot')) {
  const index = Number(target.dataset.spot);
  if (!targets.has(index)) targets.set(index, []);
  targets.get(index).push(target);
}

function markPlaces(index, look) {
  for (const target of targets.get(index) ?? []) {
    const frame = { fill: 'none', 'pointer-events': 'none' };
    for (const key of ['x', 'y', 'width', 'height']) frame[key] = target.getAttribute(key);
    target.ownerSVGElement.append(svg('rect', { ...frame, class: 'here rim' }), svg('rect', { ...frame, class: `here ${look}` }));
  }
}

function show() {
  controls.forEach(([, update]) => update());
  const index = currentPlace();
  const place = swept.places[index];
  const compared = swept.places[state.compared];
  for (const mark of document.querySelectorAll('rect.here')) mark.remove();
  if (state.compared !== index) markPlaces(state.compared, 'compared');
  home.disabled = index === swept.reference;
  pin.disabled = index === undefined || index === state.compared;
  unpin.disabled = state.compared === swept.reference;
  if (place) {
    markPlaces(index, 'current');
    headline.className = `verdict ${place.class}`;
    headline.textContent = place.verdict;
    headline.hidden = !place.verdict;
    why.textContent = place.why;
    why.hidden = !place.why;
    const what = state.compared === swept.reference ? swept.home : 'the compared cell';
    against.textContent = place === compared ? `This is ${what}: ${place.name}.` : `Differences are from ${what}: ${compared.name}.`;
    cards.replaceChildren(...swept.measures.map((measure) => card(measure, place, compared)));
  } else {
    headline.className = 'verdict soft';
    headline.hidden = false;
    headline.textContent = 'This cell is not finished.';
    why.hidden = true;
    against.textContent = '';
    cards.replaceChildren();
  }
  rememberPlace(index);
}

// --- The address ------------------------------------------------------------------------------------------------------

// `#cell=17&with=3`: the number of a place among all of them; nothing where the page shows what it begins with.
function rememberPlace(index) {
  const parts = [addressParts().place].filter((part) => part);
  if (index !== undefined && index !== swept.reference) parts.push(`cell=${index}`);
  if (state.compared !== swept.reference) parts.push(`with=${state.compared}`);
  writeAddress(parts);
}

function restorePlace() {
  const { values } = addressParts();
  const known = (key) => {
    const [text = ''] = values(key);
    return /^\d+$/.test(text) && Number(text) < swept.places.length ? Number(text) : swept.reference;
  };
  state.at = swept.axes.map(() => 0);
  goTo(swept.reference);
  goTo(known('cell'));
  state.compared = known('with');
}

document.addEventListener('click', ({ target }) => {
  if (!target.matches?.('rect.spot')) return;
  goTo(Number(target.dataset.spot));
  show();
});
addEventListener('hashchange', () => {
  restorePlace();
  show();
});
copyButton('command');
copyButton('source');
restorePlace();
show();
jump();
