// The engine as the page sees it: a worker that is started once and answers by messages. The compiled simulator is in the page,
// compressed; nothing is loaded.

// The bytes of a text: five digits to the base of 85 for four of them.
function bytesOf(text) {
  const digits = new Uint8Array(128);
  [...LETTERS].forEach((letter, digit) => { digits[letter.charCodeAt(0)] = digit; });
  const view = new DataView(new ArrayBuffer(Math.ceil(text.length / 5) * 4));
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let value = 0;
    for (let index = from; index < from + 5; index++) value = value * 85 + (index < text.length ? digits[text.charCodeAt(index)] : 84);
    view.setUint32(to, value);
  }
  return new Uint8Array(view.buffer, 0, Math.floor(text.length * 4 / 5));
}

async function inflated(text) {
  const bytes = bytesOf(text);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  // Streams that break are told as a failed request, of which there is none.
  return new Response(stream).arrayBuffer().catch(() => { throw new Error('the compressed module is damaged'); });
}

// What this browser lacks, in words; empty where it has all.
function missing() {
  const needed = { WebAssembly: 'WebAssembly', DecompressionStream: 'DecompressionStream', Worker: 'workers' };
  return Object.entries(needed).filter(([name]) => !(name in window)).map(([, word]) => word).join(' and ');
}

// Starts the worker; `heard` gets its messages. Returns how to send one.
async function startEngine(open, heard) {
  const url = URL.createObjectURL(new Blob([WORKER], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.addEventListener('message', ({ data }) => heard(data));
  worker.addEventListener('error', (event) => heard({ failed: event.message || 'the worker did not start', key: null, fresh: false }));
  const module = await inflated(document.getElementById('module').textContent);
  worker.postMessage({ open, module }, [module]);
  return (message) => worker.postMessage(message);
}
