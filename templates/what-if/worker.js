// The worker: the engine, and the loop that runs it in short steps. There is one worker for the life of the page. It is never
// terminated, because a terminated one goes on computing: a new task takes the place of the old one between two steps.

const STEP_MS = 20;
// Figures and progress are reported no more often than a screen can show with profit.
const REPORT_MS = 80;
const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

let module = null;
let engine = null;
let scenario = null;
// What was asked last and has not begun, and what is being done.
let asked = null;
let task = null;
// Events per millisecond, as measured, and what no machine reaches.
const PACE_MAX = 20_000;
let pace = 1000;

// --- The engine -------------------------------------------------------------------------------------------------------

// Instantiated synchronously: the worker has nothing else to do, and WebKit keeps compiled code only so.
function newEngine() {
  return new WebAssembly.Instance(module, {}).exports;
}

// The memory may move with every call of an export: its buffer is asked for behind them.
function read(length) {
  const from = engine.output() >>> 0;
  return utf8.decode.decode(new Uint8Array(engine.memory.buffer, from, length));
}

// One request; an answer that names an error is thrown as one.
function request(message) {
  const bytes = utf8.encode.encode(JSON.stringify(message));
  const to = engine.input(bytes.length) >>> 0;
  new Uint8Array(engine.memory.buffer, to, bytes.length).set(bytes);
  const answer = JSON.parse(read(engine.call() >>> 0));
  if (answer.error !== undefined) throw new Refused(answer.error);
  return answer;
}

// What the engine refuses in words. Anything else that it throws is a trap, and spoils the instance.
class Refused extends Error {}

// What a trapped instance has left to say.
function lastWords(error) {
  try {
    const length = engine.failure?.() >>> 0;
    if (length) return read(length);
  } catch { /* It said nothing. */ }
  return String(error?.message ?? error);
}

// Runs something with the engine. After a trap there is a fresh one, which knows the scenario and no task.
function attempt(action) {
  try {
    return action();
  } catch (error) {
    asked = null;
    const key = task?.key ?? null;
    task = null;
    if (error instanceof Refused) {
      postMessage({ refused: error.message, key });
      return null;
    }
    const text = lastWords(error);
    let fresh = true;
    try {
      engine = newEngine();
      request(scenario);
    } catch { fresh = false; }
    postMessage({ failed: text, key, fresh });
    return null;
  }
}

// --- The loop ---------------------------------------------------------------------------------------------------------

// Between two steps the loop goes to the end of the queue, so that a message that has arrived comes first.
const channel = new MessageChannel();
let awake = false;

function wake() {
  if (awake) return;
  awake = true;
  channel.port2.postMessage(null);
}

channel.port1.onmessage = () => {
  awake = false;
  attempt(asked ? begin : step);
};

// Begins what was asked last. A short run comes first; where it is under way already, it goes on to the whole one.
function begin() {
  const next = asked;
  asked = null;
  if (task?.key === next.key) {
    task.whole = next.whole;
    if (task.done && task.draft && task.whole) start(false); else wake();
    return;
  }
  task = { ...next, draft: true, done: false };
  start(true);
}

function start(draft) {
  const answer = request({ ask: { settings: task.settings, variants: task.variants, draft } });
  Object.assign(task, { draft, done: false, reported: 0, figured: 0, changed: false });
  postMessage({ asked: answer, key: task.key, draft });
  // What needs too much memory is a problem as well: the engine asks its estimate first.
  if (answer.problem) task = null; else wake();
}

function step() {
  if (!task || task.done) return;
  const events = Math.max(1000, Math.round(pace * STEP_MS));
  const before = performance.now();
  const { done, progress, changed } = request({ step: { events } });
  const now = performance.now();
  const measured = events / Math.max(now - before, 0.1);
  // Cautious: a slow step counts at once, a fast one by and by. One that ended with a replication was shorter than asked for.
  pace = Math.min(measured, changed || done ? pace : pace * 1.5, PACE_MAX);
  Object.assign(task, { done, changed: task.changed || changed });
  if (task.changed && (done || now - task.figured > REPORT_MS)) {
    Object.assign(task, { changed: false, figured: now, reported: now });
    postMessage({ figures: request({ figures: {} }), key: task.key, draft: task.draft, done, progress });
  } else if (done || now - task.reported > REPORT_MS) {
    task.reported = now;
    postMessage({ progress, key: task.key, draft: task.draft, done });
  }
  if (!done) wake(); else if (task.draft && task.whole) start(false);
}

// --- Messages ---------------------------------------------------------------------------------------------------------

onmessage = ({ data }) => {
  if (data.open) {
    scenario = { open: data.open };
    try {
      module = new WebAssembly.Module(data.module);
      engine = newEngine();
      postMessage({ opened: request(scenario) });
    } catch (error) {
      postMessage({ failed: error instanceof Refused ? error.message : lastWords(error), key: null, fresh: false });
    }
  } else if (data.ask) {
    asked = data.ask;
    wake();
  } else if (data.results) {
    attempt(() => postMessage(request({ results: {} })));
  }
};
