// What a reader takes along: the link, the settings in words, the TOML, the command, the results.

// Copies a text and says so on the button for a moment.
function copyWith(button, text) {
  const label = button.textContent;
  const done = (word) => {
    button.textContent = word;
    setTimeout(() => { button.textContent = label; }, 1500);
  };
  if (!navigator.clipboard) return done('Copy it from the address bar');
  return navigator.clipboard.writeText(text).then(() => done('Copied'), () => done('Copy it from the address bar'));
}

// `TTL of l2: 300 s → 60 s`, each with a button that takes it back.
function showChanges(place, scenario, state, takeBack) {
  const changed = scenario.knobs.filter(({ path }) => path in state.settings);
  const chips = changed.map((knob) => {
    const [before, after] = [knob.values[knob.today].label, knob.values[state.settings[knob.path]].label];
    const button = html('button', { type: 'button', class: 'chip', title: 'Take this change back' },
      html('span', { class: 'what' }, knob.label), ' ', html('del', {}, before), html('span', { 'aria-hidden': 'true' }, ' → '), html('ins', {}, after), html('span', { class: 'cross', 'aria-hidden': 'true' }, '×'));
    button.addEventListener('click', () => takeBack(knob));
    return button;
  });
  place.replaceChildren(...(chips.length > 0 ? chips : [html('span', { class: 'soft' }, 'No knob has been turned: every variant is as in the file.')]));
}

// Saves the record of a finished run under the name that other commands expect.
function saveResults(text) {
  download('results.json', new Blob([text], { type: 'application/json' }));
}
