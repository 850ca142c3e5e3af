// Figures in words: a value with its interval, and its difference from today. Pure.
//
// A figure is `{ mean, low, high }`; its 95 % interval is unknown (`null`) with fewer than two replications.

const hasInterval = (figure) => figure.low !== null && figure.high !== null;

// `± 0.12`: half of the interval, in the unit and with the decimals that the mean is printed with; nothing where the interval is
// unknown or a point.
function intervalText(figure, unit) {
  if (!hasInterval(figure)) return '';
  const half = (figure.high - figure.low) / 2;
  const [suffix, divisor] = scaleFor(unit, Math.abs(figure.mean));
  if (!(half > 1e-12 * Math.abs(figure.mean))) return '';
  const printed = suffix === '%' ? percent(figure.mean / divisor) : number(figure.mean / divisor);
  const decimals = printed.includes('e') ? 9 : (printed.split('.')[1] ?? '').length;
  const text = grouped((half / divisor).toFixed(decimals));
  return /[1-9]/.test(text) ? `± ${text}` : `± <${(10 ** -decimals).toFixed(decimals)}`;
}

const plus = (text) => (text.startsWith('−') || text === '0' ? text : `+${text}`);

// `−83.1 %`, `×12.3` from a threefold on, `+1.2 pt` for shares; where today is nothing, the value stands for itself.
function changeText(today, value, unit) {
  const difference = value - today;
  if (unit === '1') return `${plus(percent(difference * 100))} pt`;
  if (today === 0) return `+${withUnit(value, unit)}`;
  const relative = difference / Math.abs(today);
  if (relative >= 2) return `×${number(relative + 1)}`;
  return `${plus(percent(relative * 100))} %`;
}

// An effect that nobody needs a verdict on: below a hundredth of today's value, of a share of its smaller side, as in reports.
function isSmall(today, value, unit) {
  const size = unit === '1' ? Math.min(Math.abs(today), Math.abs(1 - today)) : Math.abs(today);
  return Math.abs(value - today) < 0.01 * size;
}

// How a figure differs from today's: `kind` is `same`, `better`, `worse` or `change` (small, or nobody can tell), `sure`
// whether intervals have decided.
function differenceFrom(today, figure, { unit, direction }) {
  const close = Math.abs(figure.mean - today.mean) <= 1e-12 * Math.max(Math.abs(figure.mean), Math.abs(today.mean));
  const both = hasInterval(today) && hasInterval(figure);
  if (close || (both && figure.low <= today.high && today.low <= figure.high)) return { kind: 'same', sure: both || close, text: 'no difference' };
  const text = changeText(today.mean, figure.mean, unit);
  if (!both || !direction || isSmall(today.mean, figure.mean, unit)) return { kind: 'change', sure: both, text };
  return { kind: (figure.mean < today.mean) === (direction === 'lower') ? 'better' : 'worse', sure: true, text };
}

// About how long something goes on.
function secondsText(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${number(seconds / 3600)} h`;
}

// `1 replication`, `3 replications`.
const counted = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
