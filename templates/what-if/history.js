// Undo and redo: past, present and future states. Pure, as state.js.
//
// A gesture is one step however many states it passes: a slider on its way, or a key that is held down.

const HISTORY_MAX = 500;

const newHistory = (state) => ({ past: [], present: state, future: [], gesture: null });

// Goes on to another state; `gesture` names what is being moved, `null` for a step of its own. `same` compares two states.
function recorded(history, state, gesture, same) {
  if (same(history.present, state)) return history;
  const goesOn = gesture !== null && gesture === history.gesture;
  const past = goesOn ? history.past : [...history.past, history.present].slice(-HISTORY_MAX);
  return { past, present: state, future: [], gesture };
}

// Ends a gesture; one that came back to where it began was none.
function settled(history, same) {
  if (history.gesture === null) return history;
  const { past, present } = history;
  const back = past.length > 0 && same(past[past.length - 1], present);
  return { ...history, past: back ? past.slice(0, -1) : past, gesture: null };
}

function undone({ past, present, future }) {
  const before = past[past.length - 1];
  return { past: past.slice(0, -1), present: before, future: [present, ...future], gesture: null };
}

function redone({ past, present, future }) {
  const [next, ...later] = future;
  return { past: [...past, present], present: next, future: later, gesture: null };
}
