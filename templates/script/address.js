// The address of the page keeps what is shown: `#t=10-60&hide=jitter&over=off`, behind the place of the page that it leads to
// (`#database-load&t=10-60`).

// Place, range of time and hidden variants of the address; what is not understood is left out.
function readAddress() {
  const { place, values } = addressParts();
  const [from, to] = (/^([\d.]+)-([\d.]+)$/.exec(values('t')[0] ?? '') ?? []).slice(1).map(Number);
  return { place, time: from < to ? [from, to] : null, hidden: values('hide'), overHidden: values('over')[0] === 'off' };
}

// Writes what is shown into the address, in the place of what it said before.
function remember() {
  const parts = [readAddress().place].filter((part) => part);
  if (common.time) parts.push('t=' + common.time.map((second) => Number(second.toPrecision(6))).join('-'));
  for (const name of common.hidden) parts.push('hide=' + encodeURIComponent(name));
  if (common.overHidden) parts.push('over=off');
  writeAddress(parts);
}

// Shows what the address asks for.
function restore() {
  const { time, hidden, overHidden } = readAddress();
  common.overHidden = common.over !== null && overHidden;
  const known = hidden.filter((name) => common.variants.has(name));
  common.hidden = new Set(known.length < common.variants.size ? known : []);
  const axis = common.charts.find((chart) => chart.timed)?.figure.panels[0].x;
  const range = time && axis && [Math.max(axis.from, time[0]), Math.min(axis.to, time[1])];
  common.time = range && range[0] < range[1] ? range : null;
}

// A link within the page leads to a place and leaves alone what is shown.
function followAddress() {
  const { place, time, hidden, overHidden } = readAddress();
  if (time || hidden.length > 0 || overHidden) {
    restore();
    showVariants();
    jump();
  } else if (place) {
    remember();
  }
}
