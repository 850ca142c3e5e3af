// The address of the page keeps what is shown: `#t=10-60&hide=jitter`, behind the place of the page that it leads to
// (`#database-load&t=10-60`).

// Place, range of time and hidden variants of the address; what is not understood is left out.
function readAddress() {
  const parts = location.hash.slice(1).split('&').filter((part) => part);
  const text = (part) => {
    try { return decodeURIComponent(part); } catch { return ''; }
  };
  const values = (key) => parts.filter((part) => part.startsWith(key + '=')).map((part) => text(part.slice(key.length + 1)));
  const [from, to] = (/^([\d.]+)-([\d.]+)$/.exec(values('t')[0] ?? '') ?? []).slice(1).map(Number);
  return { place: parts.find((part) => !part.includes('=')) ?? '', time: from < to ? [from, to] : null, hidden: values('hide') };
}

// Writes what is shown into the address, in the place of what it said before.
function remember() {
  const parts = [readAddress().place].filter((part) => part);
  if (common.time) parts.push('t=' + common.time.map((second) => Number(second.toPrecision(6))).join('-'));
  for (const name of common.hidden) parts.push('hide=' + encodeURIComponent(name));
  const hash = parts.length > 0 ? '#' + parts.join('&') : location.pathname + location.search;
  // A page that was opened in a frame may not change its address.
  try { history.replaceState(null, '', hash); } catch { /* It is shown all the same. */ }
}

// Shows what the address asks for.
function restore() {
  const { time, hidden } = readAddress();
  const known = hidden.filter((name) => common.variants.has(name));
  common.hidden = new Set(known.length < common.variants.size ? known : []);
  const axis = common.charts.find((chart) => chart.timed)?.figure.panels[0].x;
  const range = time && axis && [Math.max(axis.from, time[0]), Math.min(axis.to, time[1])];
  common.time = range && range[0] < range[1] ? range : null;
}

// A link within the page leads to a place and leaves alone what is shown.
function followAddress() {
  const { place, time, hidden } = readAddress();
  if (time || hidden.length > 0) {
    restore();
    showVariants();
    jump();
  } else if (place) {
    remember();
  }
}

// To the place in the address, which a browser finds by itself only where nothing stands behind it.
function jump() {
  const { place } = readAddress();
  if (place && location.hash.includes('&')) document.getElementById(place)?.scrollIntoView();
}
