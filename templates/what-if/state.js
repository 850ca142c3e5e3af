// What the page shows: the knobs that differ from today, and the variants under comparison. Pure: a state is never changed, and
// nothing here touches the document.
//
// A state is `{ settings: { path: index }, variants: [name] }`; a knob that stands at today's value has no setting.

const SHOWN_MAX = 3;

// The baseline and the first others, as the page opens.
function firstState({ variants, baseline }) {
  return { settings: {}, variants: [baseline, ...variants.filter((name) => name !== baseline)].slice(0, SHOWN_MAX) };
}

// Where a knob stands.
const indexOf = (state, knob) => state.settings[knob.path] ?? knob.today;

function withKnob(state, knob, index) {
  const settings = { ...state.settings };
  if (index === knob.today) delete settings[knob.path]; else settings[knob.path] = index;
  return { ...state, settings };
}

// Chooses a variant or takes it away. One of them stays; one too many replaces the one that was chosen first.
function withVariant(state, name) {
  const others = state.variants.filter((other) => other !== name);
  if (others.length === state.variants.length) return { ...state, variants: [...others, name].slice(-SHOWN_MAX) };
  return others.length === 0 ? state : { ...state, variants: others };
}

// The chosen variants in the order of the scenario.
const shownVariants = (scenario, state) => scenario.variants.filter((name) => state.variants.includes(name));

// Equal keys show the same.
function stateKey(scenario, state) {
  const settings = scenario.knobs.filter(({ path }) => path in state.settings).map(({ path }) => [path, state.settings[path]]);
  return JSON.stringify([settings, shownVariants(scenario, state)]);
}

// The texts that stand for a value in an address: a plain string needs no quotes.
const valueTexts = (toml) => (/^"[^"\\]*"$/.test(toml) ? [toml.slice(1, -1), toml] : [toml]);

// A text in an address: what no reader of addresses takes for a sign stays readable.
function addressText(text) {
  const kept = { '%3D': '=', '%3A': ':', '%2F': '/', '%2C': ',' };
  return encodeURIComponent(text).replace(/%(3D|3A|2F|2C)/g, (code) => kept[code]);
}

// `set=tier.l2.ttl=30s&show=lease`: settings as `--set` takes them, and the variants where they are not those of a fresh page.
function stateParts(scenario, state) {
  const settings = scenario.knobs
    .filter(({ path }) => path in state.settings)
    .map(({ path, values }) => `set=${addressText(`${path}=${valueTexts(values[state.settings[path]].toml)[0]}`)}`);
  const first = firstState(scenario);
  const own = stateKey(scenario, { ...first, variants: state.variants }) !== stateKey(scenario, first);
  return [...settings, ...(own ? shownVariants(scenario, state).map((name) => `show=${addressText(name)}`) : [])];
}

// The state of an address, and the parts that this scenario does not have.
function stateOfParts(scenario, values) {
  const unknown = [];
  let state = firstState(scenario);
  for (const setting of values('set')) {
    const knob = scenario.knobs.filter(({ path }) => setting.startsWith(`${path}=`)).sort((a, b) => b.path.length - a.path.length)[0];
    const text = knob && setting.slice(knob.path.length + 1);
    const index = knob ? knob.values.findIndex(({ toml }) => valueTexts(toml).includes(text)) : -1;
    if (index < 0) unknown.push(setting); else state = withKnob(state, knob, index);
  }
  const asked = values('show');
  const known = [...new Set(asked)].filter((name) => scenario.variants.includes(name));
  unknown.push(...asked.filter((name) => !scenario.variants.includes(name)));
  if (known.length > 0) state = { ...state, variants: known.slice(-SHOWN_MAX) };
  return { state, unknown };
}
