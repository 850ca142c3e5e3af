// The part of the address behind its #: a place of the page and `key=value` pairs, joined by &.

// The place, and all values of a key.
function addressParts() {
  const parts = location.hash.slice(1).split('&').filter((part) => part);
  const text = (part) => {
    try { return decodeURIComponent(part); } catch { return ''; }
  };
  const values = (key) => parts.filter((part) => part.startsWith(key + '=')).map((part) => text(part.slice(key.length + 1)));
  return { place: parts.find((part) => !part.includes('=')) ?? '', values };
}

// Puts parts in the place of what the address said before.
function writeAddress(parts) {
  const hash = parts.length > 0 ? '#' + parts.join('&') : location.pathname + location.search;
  // A page that was opened in a frame may not change its address.
  try { history.replaceState(null, '', hash); } catch { /* It is shown all the same. */ }
}

// To the place in the address, which a browser finds by itself only where nothing stands behind it.
function jump() {
  const { place } = addressParts();
  if (place && location.hash.includes('&')) document.getElementById(place)?.scrollIntoView();
}
