// Numbers with their units, as every table prints them (src/measure/quantity.rs). A browser test holds both against
// each other. The constants in capitals come from src/report/html/constants.rs.

function grouped(text) {
  const [whole, fraction] = text.split('.');
  const parts = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? parts : parts + '.' + fraction;
}

function signed(text, value) {
  return value < 0 && text !== '0' ? '−' + text : text;
}

// Three significant digits; whole numbers keep all of theirs.
function number(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size < 1e-9) return '0';
  if (size < 1e-4) return signed(size.toExponential(2), value);
  if (Number.isInteger(size)) return signed(grouped(size.toFixed(0)), value);
  const exponent = Number(size.toExponential(2).split('e')[1]);
  return signed(grouped(size.toFixed(Math.min(Math.max(2 - exponent, 0), 9))), value);
}

// As many decimals as it takes that a percentage does not read 0 or 100 without being it.
function percentDecimals(size, least) {
  const misread = (decimals) => {
    const read = Number(size.toFixed(decimals));
    return (read === 0 || read === 100) && Math.abs(size - read) > 1e-9;
  };
  let decimals = least;
  while (decimals < 9 && misread(decimals)) decimals++;
  return decimals;
}

// One decimal, more near 0 and near 100 where a tenth would hide the difference.
function percent(value) {
  const size = Math.abs(value);
  const left = 100 - size;
  if (size < 1e-9) return '0';
  if (size < 1) return number(value);
  let decimals = 1;
  if (Math.abs(left) < 1e-9 || size >= 1000) decimals = 0;
  else if (left > 0 && left < 0.1) decimals = 4;
  else if (size < 10 || (left > 0 && left < 1)) decimals = 2;
  return signed(grouped(size.toFixed(percentDecimals(size, decimals))), value);
}

// Unit as printed, and how much of the catalogue's unit one of it is; a currency is printed as it is.
function scaleFor(unit, size) {
  const steps = SCALES[unit] ?? [[0, /^[A-Z]{3}$/.test(unit) ? unit : '', 1]];
  const step = size > 0 ? steps.findLast(([from]) => from <= size) : steps.find(([, , divisor]) => divisor === 1);
  return (step ?? steps[0]).slice(1);
}

function withSuffix(text, suffix) {
  return suffix === '' || suffix === '/s' ? text + suffix : text + ' ' + suffix;
}

function withUnit(value, unit) {
  if (!Number.isFinite(value)) return '–';
  const [suffix, divisor] = scaleFor(unit, Math.abs(value));
  const scaled = value / divisor;
  return withSuffix(suffix === '%' ? percent(scaled) : number(scaled), suffix);
}
