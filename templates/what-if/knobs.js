// The knobs: a slider, a choice or a switch for each, in groups. A knob shows today's place, and whether it has left it.

// `× 2: 8,000/s` at the end of a slider: the factor is enough.
const endText = (label) => label.split(': ')[0];
// A choice of longer words than this takes a line of its own.
const WORDS_BESIDE = 16;

class Knob {
  constructor(knob, number, turned) {
    Object.assign(this, { knob, turned });
    this.id = `knob-${number}`;
    this.today = knob.values[knob.today].label;
    // Read out as the value of the control, not a second time.
    this.value = html('output', { for: this.id, 'aria-live': 'off' });
    this.back = html('button', { type: 'button', class: 'back', title: `Back to today: ${this.today}`, 'aria-label': `${knob.label}: back to today, ${this.today}` }, '↺');
    this.back.addEventListener('click', () => {
      turned(knob, knob.today, null);
      this.input.focus();
    });
    this.note = html('p', { class: 'note', id: `${this.id}-note`, hidden: '' });
    this.input = this[knob.control]();
    const help = html('span', { class: 'unseen', id: `${this.id}-help` }, `${knob.help} Today: ${this.today}.`);
    this.input.setAttribute('aria-describedby', `${this.id}-help ${this.id}-note`);
    const beside = this.below ? [this.value] : knob.control === 'choice' ? [this.input] : [this.value, this.input];
    const head = html('div', { class: 'top' }, html('label', { for: this.id }, knob.label), ...beside, this.back);
    const wide = knob.control === 'choice' && knob.values.some(({ label }) => label.length > WORDS_BESIDE) ? ' is-wide' : '';
    this.own = html('p', { class: 'own', hidden: '' });
    this.element = html('div', { class: `knob is-${knob.control}${wide}`, 'data-path': knob.path }, head, ...(this.below ?? []), this.own, this.note, help);
  }

  // Each control returns its input; what needs the whole width stands `below` the label.

  slider() {
    const last = this.knob.values.length - 1;
    const input = html('input', { type: 'range', id: this.id, min: 0, max: last, step: 1 });
    // A key that is held down and a thumb on its way are one gesture; it ends with a pause.
    input.addEventListener('input', () => this.turned(this.knob, Number(input.value), this.knob.path));
    input.addEventListener('change', () => this.turned(this.knob, Number(input.value), this.knob.path, true));
    input.addEventListener('dblclick', () => this.turned(this.knob, this.knob.today, null));
    const mark = html('span', { class: 'mark', 'aria-hidden': 'true' });
    mark.style.setProperty('--at', last === 0 ? 0 : this.knob.today / last);
    this.was = html('span', { class: 'was' });
    const ends = html('div', { class: 'ends', 'aria-hidden': 'true' }, html('span', {}, endText(this.knob.values[0].label)), this.was, html('span', {}, endText(this.knob.values[last].label)));
    this.below = [html('div', { class: 'track' }, mark, input), ends];
    return input;
  }

  choice() {
    const options = this.knob.values.map(({ label }, index) => html('option', { value: index }, index === this.knob.today ? `${label} (today)` : label));
    const input = html('select', { id: this.id }, ...options);
    input.addEventListener('input', () => this.turned(this.knob, Number(input.value), null));
    return input;
  }

  switch() {
    const input = html('input', { type: 'checkbox', role: 'switch', id: this.id });
    this.on = this.knob.values.findIndex(({ label }) => label === 'on');
    input.addEventListener('input', () => this.turned(this.knob, input.checked ? this.on : 1 - this.on, null));
    return input;
  }

  // `shown` are the variants beside today: some may set this themselves, and do not follow the knob.
  show(index, problem, shown) {
    const { knob, input, element } = this;
    const { label } = knob.values[index];
    const changed = index !== knob.today;
    element.classList.toggle('changed', changed);
    this.back.disabled = !changed;
    if (knob.control === 'switch') input.checked = index === this.on; else input.value = index;
    if (knob.control === 'slider') {
      input.setAttribute('aria-valuetext', changed ? `${label}, today ${this.today}` : `${label}, as today`);
      this.was.textContent = changed ? `today ${endText(this.today)}` : '';
    }
    this.value.textContent = knob.control === 'choice' ? '' : label;
    this.note.textContent = problem ?? '';
    this.note.hidden = !problem;
    input.setAttribute('aria-invalid', String(Boolean(problem)));
    const own = shown.filter((name) => knob.pinned?.includes(name));
    this.own.textContent = own.length > 0 ? `Not followed by ${own.join(', ')}, which ${own.length === 1 ? 'sets' : 'set'} this.` : '';
    this.own.hidden = own.length === 0;
  }
}

// All knobs; `turned(knob, index, gesture, ended)` hears of every move.
function buildKnobs(scenario, place, turned) {
  const knobs = scenario.knobs.map((knob, number) => new Knob(knob, number, turned));
  const groups = new Map();
  for (const one of knobs) {
    const { group } = one.knob;
    if (!groups.has(group)) {
      const count = html('span', { class: 'count' });
      groups.set(group, { count, members: [], element: html('details', { class: 'group', open: '' }, html('summary', {}, group, ' ', count)) });
    }
    groups.get(group).members.push(one);
    groups.get(group).element.append(one.element);
  }
  place.replaceChildren(...[...groups.values()].map(({ element }) => element));
  return {
    // `problem` is `{ path, text }` or `null`.
    show(state, problem) {
      for (const one of knobs) one.show(indexOf(state, one.knob), problem?.path === one.knob.path ? problem.text : null, state.variants);
      for (const { count, members } of groups.values()) {
        const changed = members.filter(({ knob }) => indexOf(state, knob) !== knob.today).length;
        count.textContent = changed > 0 ? `${changed} changed` : '';
      }
    },
    helpOf: (element) => knobs.find((one) => one.element === element)?.knob,
    // On a small screen only what has been touched is open at first.
    fold: (state) => {
      [...groups.values()].forEach(({ element, members }, index) => {
        element.open = index === 0 || members.some(({ knob }) => indexOf(state, knob) !== knob.today);
      });
    },
  };
}
