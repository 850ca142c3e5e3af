// The page: what is asked, what is known, what is shown.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($('data').textContent);
// Four lines at most, with markers: dashes would make steps of a second unreadable.
for (const style of data.styles) style.dash = '';
// How long a slider rests before its move is over, and the address follows.
const REST_MS = 250;

let scenario = null;
let send = null;
let timeline = null;
let parts = null;
// The figures on show, and of which setting each column is. `key` is the state that is asked for.
const view = { key: null, today: null, rows: new Map(), settingsOf: new Map(), marks: [], draft: true, whole: false, done: false, problem: null };

// --- Asking -----------------------------------------------------------------------------------------------------------

const same = (a, b) => stateKey(scenario, a) === stateKey(scenario, b);
const settingsKey = () => stateKey(scenario, { ...timeline.present, variants: [] });

// Asks for the present state: a short run, and with `whole` all replications behind it.
function ask(whole) {
  const state = timeline.present;
  const key = stateKey(scenario, state);
  if (key !== view.key) Object.assign(view, { key, drafted: false, whole: false, done: false, problem: null, refusal: null, progress: 0 });
  if (view.whole) return;
  view.whole = whole;
  send({ ask: { key, whole, settings: state.settings, variants: shownVariants(scenario, state) } });
}

// --- Moves ------------------------------------------------------------------------------------------------------------

let resting = null;
// A thumb that is held, or an arrow key: whatever it passes is one gesture, however long it rests on the way.
let pressed = false;
let held = false;

// The end of a move: the whole run, the address, and one step of undo where nothing is held any more.
function rest() {
  clearTimeout(resting);
  resting = null;
  if (!pressed) timeline = settled(timeline, same);
  ask(true);
  remember();
  showState();
}

function move(state, gesture) {
  const before = timeline.present;
  timeline = recorded(timeline, state, gesture, same);
  clearTimeout(resting);
  if (gesture === null) return rest();
  if (!same(before, state)) {
    ask(false);
    showState();
  }
  resting = setTimeout(rest, REST_MS);
}

function step(go) {
  if (resting !== null) rest();
  timeline = go(timeline);
  rest();
}

const canUndo = () => timeline !== null && timeline.past.length > 0;
const canRedo = () => timeline !== null && timeline.future.length > 0;
const undo = () => { if (canUndo() || resting !== null) step((history) => (history.past.length > 0 ? undone(history) : history)); };
const redo = () => { if (canRedo()) step(redone); };

// A slider that was let go needs no rest.
function turned(knob, index, gesture, ended = false) {
  if (ended) pressed = false;
  move(withKnob(timeline.present, knob, index), gesture);
  if (ended && !held) rest();
}

addEventListener('pointerdown', ({ target }) => { pressed = target.type === 'range'; });
for (const end of ['pointerup', 'pointercancel']) {
  addEventListener(end, () => {
    pressed = false;
    if (timeline?.gesture && resting === null) rest();
  });
}
addEventListener('keydown', (event) => {
  if (event.key.startsWith('Arrow') || event.key.startsWith('Page')) held = true;
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  const key = event.key.toLowerCase();
  if (!command || !(key === 'z' || key === 'y') || !scenario) return;
  event.preventDefault();
  if (key === 'y' || event.shiftKey) redo(); else undo();
});
addEventListener('keyup', () => { held = false; });

// --- The address ------------------------------------------------------------------------------------------------------

// Called by the charts as well, whose range of time is a part of it.
function remember() {
  const time = common.time ? [`t=${common.time.map((second) => Number(second.toPrecision(6))).join('-')}`] : [];
  writeAddress([addressParts().place, ...stateParts(scenario, timeline.present), ...time].filter((part) => part));
}

function restoreTime() {
  const [from, to] = (/^([\d.]+)-([\d.]+)$/.exec(addressParts().values('t')[0] ?? '') ?? []).slice(1).map(Number);
  common.time = from < to && to <= scenario.duration_s ? [from, to] : null;
}

function readState() {
  const { state, unknown } = stateOfParts(scenario, addressParts().values);
  notice(unknown.length > 0 ? `The link asks for ${unknown.map((part) => `“${part}”`).join(', ')}, which this page does not have. All else is set.` : '');
  return state;
}

// --- Showing ----------------------------------------------------------------------------------------------------------

function notice(text) {
  $('notice').textContent = text;
  $('notice').hidden = text === '';
}

// What needs no simulation: knobs, buttons, changes, legend.
function showState() {
  const state = timeline.present;
  parts.knobs.show(state, view.problem);
  parts.variants(state);
  parts.board.choose(shownVariants(scenario, state), data.styles);
  showChanges($('changes'), scenario, state, (knob) => move(withKnob(timeline.present, knob, knob.today), null));
  $('undo').disabled = !canUndo();
  $('redo').disabled = !canRedo();
  $('reset').disabled = Object.keys(state.settings).length === 0;
  showFigures();
}

const isOld = (name) => name !== null && (view.settingsOf.get(name) !== settingsKey() || Boolean(view.refusal));

function showFigures() {
  const names = shownVariants(scenario, timeline.present);
  parts.board.show(view.today, view.rows, isOld, Object.keys(timeline.present.settings).length);
  const columns = [{ name: 'Today', style: 0, row: view.today, old: false },
    ...names.map((name) => ({ name, style: styleOf(scenario, name), row: view.rows.get(name), old: isOld(name) }))];
  showStrip($('strip'), scenario, data.styles, columns);
  parts.curves.show(columns.filter(({ row }) => row), view.marks, view.done);
  showStatus();
}

function statusText() {
  if (view.refusal) return view.refusal;
  if (!view.today) return 'Simulating today …';
  const { duration_s: duration, replications, of } = view.shown;
  if (view.draft) return `${counted(replications, 'short run')}${duration ? ` of ${withUnit(duration, 's')}` : ''}, without intervals`;
  if (!view.done) return `${replications} of ${counted(of, 'replication')}`;
  return `${counted(of, 'replication')} of ${withUnit(scenario.duration_s, 's')}, seed ${scenario.seed}`;
}

function showStatus() {
  const busy = view.key !== null && !view.done && !view.refusal;
  $('status').textContent = statusText();
  $('status').classList.toggle('refused', Boolean(view.refusal));
  $('badge').textContent = view.draft && view.today && !view.refusal ? 'Draft' : '';
  $('results').classList.toggle('draft', view.draft);
  $('results').setAttribute('aria-busy', String(busy));
  const left = view.progress > 0.05 && !view.draft ? (performance.now() - view.since) / 1000 * (1 - view.progress) / view.progress : 0;
  $('left').textContent = busy && left > 2 ? `about ${secondsText(left)} left` : '';
  $('progress').classList.toggle('idle', !busy);
  $('progress').firstElementChild.style.transform = `scaleX(${view.draft && !view.done ? 0 : view.progress})`;
  $('save-results').disabled = !view.done;
}

// For readers who hear the page: the verdicts, once they are final.
function speak() {
  const words = [['Today', view.today], ...view.rows].filter(([name, row]) => row && (name === 'Today' || timeline.present.variants.includes(name)));
  $('spoken').textContent = words.map(([name, row]) => `${name}: ${row.verdict.level}.`).join(' ');
}

// Heights that were reached are kept while figures come and go: nothing below moves.
function hold(on) {
  for (const element of document.querySelectorAll('.hold')) element.style.minHeight = on ? `${element.offsetHeight}px` : '';
}

// --- Answers of the worker --------------------------------------------------------------------------------------------

function heardFigures({ figures, draft, done }) {
  const names = shownVariants(scenario, timeline.present);
  const rows = new Map(figures.rows.map((row) => [row.variant, row]));
  const complete = figures.today && names.every((name) => rows.has(name));
  // Whole runs take the place of short ones all at once: figures of both cannot be compared.
  if (!draft && !complete && view.drafted) return;
  if (draft && complete) view.drafted = true;
  if (figures.today) view.today = figures.today;
  for (const [name, row] of rows) {
    view.rows.set(name, row);
    view.settingsOf.set(name, settingsKey());
  }
  Object.assign(view, { draft, shown: figures, marks: figures.marks ?? [], done: done && !draft });
}

function heardAsked({ asked, draft }) {
  view.problem = asked.problem;
  view.progress = 0;
  view.since = performance.now();
  if (asked.problem) view.refusal = asked.problem.text;
  if (!draft || view.refusal) {
    $('toml').textContent = asked.toml ?? '';
    $('command').textContent = asked.command ?? '';
  }
}

function heard(message) {
  if (message.opened) return opened(message.opened);
  if (message.results !== undefined) return saveResults(message.results);
  if (message.failed !== undefined && (!scenario || !message.fresh)) return fatal(message.failed);
  // Of a task that was given up meanwhile.
  if (message.key !== view.key) return;
  if (message.failed !== undefined) view.refusal = `The simulation ended with a fault: ${message.failed}. The engine was started anew; other settings work. Please report it with the link of this page.`;
  if (message.refused !== undefined) view.refusal = message.refused;
  if (message.progress !== undefined) view.progress = message.progress;
  if (message.asked) {
    heardAsked(message);
    showState();
  }
  if (message.figures) {
    heardFigures(message);
    showFigures();
  }
  if (view.done) speak();
  hold(!view.done && !view.refusal);
  showStatus();
}

function opened(answer) {
  scenario = answer;
  common.variants = new Set(['Today', ...scenario.variants]);
  timeline = newHistory(readState());
  restoreTime();
  parts = {
    knobs: buildKnobs(scenario, $('knobs'), turned),
    variants: buildVariants(scenario, $('variants'), data.styles, (name) => move(withVariant(timeline.present, name), null)),
    board: new Board(scenario, $('board')),
    curves: new Curves(scenario, $('charts'), data.styles),
  };
  if (matchMedia('(max-width: 719px)').matches) parts.knobs.fold(timeline.present);
  showWarnings(scenario.problems ?? []);
  document.body.classList.add('ready');
  ask(true);
  showState();
  jump();
}

function showWarnings(warnings) {
  if (warnings.length === 0) return;
  const title = warnings.length === 1 ? 'One lint warns of this scenario' : `${number(warnings.length)} lints warn of this scenario`;
  const list = html('ul', {}, ...warnings.map((text) => html('li', {}, text)));
  $('notice').before(html('details', { class: 'warn' }, html('summary', {}, title), list));
}

// Nothing can be computed.
function fatal(text) {
  document.body.classList.add('failed');
  $('status').textContent = '';
  $('fatal').hidden = false;
  $('fatal').querySelector('span').textContent = text;
}

// --- The beginning ----------------------------------------------------------------------------------------------------

function showHelp({ target }) {
  const knob = parts?.knobs.helpOf(target.closest?.('.knob'));
  if (knob) $('help').replaceChildren(html('code', {}, knob.path), ' ', knob.help);
}

$('undo').addEventListener('click', undo);
$('redo').addEventListener('click', redo);
$('reset').addEventListener('click', () => move({ ...timeline.present, settings: {} }, null));
$('copy-link').addEventListener('click', ({ currentTarget }) => {
  if (resting !== null) rest();
  copyWith(currentTarget, location.href);
});
$('save-results').addEventListener('click', () => send({ results: true }));
$('knobs').addEventListener('focusin', showHelp);
$('knobs').addEventListener('pointerover', showHelp);
addEventListener('hashchange', () => {
  if (scenario) move(readState(), null);
});
copyButton('toml');
copyButton('command');
const lacking = missing();
if (lacking) {
  fatal(`this browser has no ${lacking}`);
} else {
  startEngine(data.open, heard).then((ready) => { send = ready; }, (error) => fatal(String(error?.message ?? error)));
}
