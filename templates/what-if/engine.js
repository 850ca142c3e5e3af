// The engine as the page sees it: a worker that is started once and answers by messages. The compiled simulator is in the page,
// compressed; nothing is loaded.

async function inflated(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
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
