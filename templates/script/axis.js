// Axes: where a value lies, which range shows some values, and ticks that people read. The ranges of a whole chart come
// from src/report/axis.rs; these here are for what a reader zooms to.

const DECADE = Math.log(10);
const log10 = (value) => Math.log(value) / DECADE;

// A value's place along its axis; NaN where the axis cannot show it.
function place(axis, value) {
  if (axis.unit === 'percentile') return value < 1 ? -log10(1 - value) : NaN;
  if (axis.log) return value > 0 ? log10(value) : NaN;
  return value === null ? NaN : value;
}

function unplace(axis, placed) {
  if (axis.unit === 'percentile') return 1 - Math.pow(10, -placed);
  return axis.log ? Math.pow(10, placed) : placed;
}

// 1, 2 or 5 times a power of ten, so that about `count` steps cover `span`.
function roundStep(span, count) {
  const raw = span / count;
  const power = Math.pow(10, Math.floor(log10(raw) + 1e-12));
  return [1, 2, 5, 10].find((multiple) => multiple * power >= raw * 0.999) * power;
}

// The placed range that shows these values and ends on round numbers.
function rangeOf(axis, values) {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    const placed = place(axis, value);
    if (!Number.isFinite(placed)) continue;
    low = Math.min(low, placed);
    high = Math.max(high, placed);
  }
  if (low > high) return [axis.from, axis.to];
  if (axis.log) {
    const bound = (placed, up) => {
      const power = Math.floor(placed + 1e-9);
      const rest = Math.pow(10, placed - power);
      const bounds = [0.5, 1, 2, 5, 10];
      const found = up ? bounds.find((b) => b >= rest * (1 - 1e-9)) : bounds.findLast((b) => b <= rest * (1 + 1e-9));
      return power + log10(found);
    };
    if (high - low < log10(1.5)) { low -= log10(1.5); high += log10(1.5); }
    return [bound(low, false), bound(high, true)];
  }
  // As in the pictures: shares that lie far from zero go without it.
  if (axis.unit !== '1' || low < FAR_FROM_ZERO * high || low === high) low = Math.min(low, 0);
  if (low === high) high = low + 1;
  const divisor = scaleFor(axis.unit, Math.max(Math.abs(low), Math.abs(high)))[1];
  const step = roundStep((high - low) / divisor, 5) * divisor;
  const end = Math.ceil(high / step - 1e-9) * step;
  return [Math.floor(low / step + 1e-9) * step, axis.unit === '1' && high <= 1 ? Math.min(end, 1) : end];
}

// Ticks of a placed range, at most about `count`: [placed, text].
function ticksOf(axis, from, to, count) {
  if (axis.unit === 'time') return timeTicks(axis, from, to, count);
  if (axis.unit === 'percentile') return percentileTicks(from, to);
  if (axis.log) return logTicks(axis, from, to, count);
  const [suffix, divisor] = scaleFor(axis.unit, Math.max(Math.abs(from), Math.abs(to)));
  const step = roundStep((to - from) / divisor, Math.max(count, 1));
  const decimals = Math.max(0, -Math.floor(log10(step) + 1e-9));
  const ticks = [];
  for (let index = Math.ceil(from / divisor / step - 1e-9); index * step <= to / divisor * (1 + 1e-9) + 1e-12; index++) {
    const value = index * step;
    ticks.push([value * divisor, withSuffix(signed(grouped(Math.abs(value).toFixed(decimals)), value), suffix)]);
  }
  return ticks;
}

function logTicks(axis, from, to, count) {
  const span = to - from;
  const multiples = span > 0.55 * count ? [1] : span > 0.3 * count ? [1, 2, 5] : [1, 2, 3, 5];
  const every = Math.max(1, Math.ceil(span / Math.max(count, 1)));
  const ticks = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power++) {
    if (power % every !== 0) continue;
    for (const multiple of multiples) {
      const placed = power + log10(multiple);
      if (placed < from - 1e-9 || placed > to + 1e-9) continue;
      // The unit is part of the tick: over four decades it changes.
      const value = multiple * Math.pow(10, power);
      const [suffix, divisor] = axis.unit === 'ms' && value >= 1000 ? ['s', 1000] : scaleFor(axis.unit, value * (1 + 1e-9));
      const scaled = value / divisor;
      ticks.push([placed, withSuffix(scaled >= 1 ? number(Math.round(scaled)) : String(Number(scaled.toFixed(6))), suffix)]);
    }
  }
  return ticks;
}

function percentileTicks(from, to) {
  const halves = to - from < 2;
  return PERCENTILES
    .filter(([, , whole]) => whole || halves)
    .map(([share, text]) => [-log10(1 - share), text])
    .filter(([placed]) => placed >= from - 1e-9 && placed <= to + 1e-9);
}

function timeTicks(axis, from, to, count) {
  const span = to - from;
  const days = 86400 * Math.ceil(span / 86400 / count);
  const step = TIME_STEPS.find((candidate) => span / candidate <= count) || days;
  const ticks = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + 1e-9 * step; index++) {
    ticks.push([index * step, clock(axis, index * step, step)]);
  }
  return ticks;
}

// How the times of a run are written: `s`, `min:s`, `h:min` or `days`.
const timeForm = (axis) => TIME_FORMS.find(([until]) => until === null || axis.to <= until)[1];

// A time of a run as its axis writes it, finer where the step needs it.
function clock(axis, seconds, step) {
  const form = timeForm(axis);
  const decimals = step >= 1 ? 0 : Math.ceil(-log10(step) - 1e-9);
  const two = (value) => String(value).padStart(2, '0');
  const total = Math.round(seconds * Math.pow(10, decimals)) / Math.pow(10, decimals);
  if (form === 's') return Number(total.toFixed(decimals)).toString();
  const whole = Math.floor(total + 1e-9);
  const fraction = decimals > 0 ? (total - whole).toFixed(decimals).slice(1) : '';
  if (form === 'min:s') return Math.floor(whole / 60) + ':' + two(whole % 60) + fraction;
  const day = form === 'days' ? Math.floor(whole / 86400) : 0;
  if (day * 86400 === whole && form === 'days') return String(day);
  const rest = whole - day * 86400;
  const minutes = Math.floor(rest / 3600) + ':' + two(Math.floor(rest / 60) % 60);
  return (form === 'days' ? day + 'd ' : '') + minutes + (step < 60 ? ':' + two(rest % 60) + fraction : '');
}

// What the x axis calls the times of its run.
const timeName = (axis) => `${axis.name} (${timeForm(axis)})`;
