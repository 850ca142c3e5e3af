// Drives the module of the what-if page as the page does: node module.mjs MODULE COMMAND FOLDER
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , path, command, folder] = process.argv;
const module = new WebAssembly.Module(readFileSync(path));
const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

class Engine {
  constructor() { this.exports = new WebAssembly.Instance(module, {}).exports; }

  read(length) {
    const at = this.exports.output() >>> 0;
    return utf8.decode.decode(new Uint8Array(this.exports.memory.buffer, at, length));
  }

  answer(question) {
    const bytes = utf8.encode.encode(JSON.stringify(question));
    // Room first: it may move the memory.
    const at = this.exports.input(bytes.length) >>> 0;
    new Uint8Array(this.exports.memory.buffer, at, bytes.length).set(bytes);
    let length;
    try {
      length = this.exports.call() >>> 0;
    } catch (error) {
      throw new Error(`${error.message}: ${this.read(this.exports.failure() >>> 0)}`);
    }
    const answer = JSON.parse(this.read(length));
    if (answer.error !== undefined) throw new Error(answer.error);
    if (answer.problem) throw new Error(answer.problem.text);
    return answer;
  }

  results(open, ask) {
    this.answer({ open });
    this.answer({ ask });
    while (!this.answer({ step: { events: 200_000 } }).done);
    return this.answer({ results: {} }).results;
  }
}

const questions = () => readdirSync(folder).filter((name) => name.endsWith('.json'));
const open = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
const written = (name, results) => writeFileSync(join(folder, name.replace(/json$/, 'results')), results);

const commands = {
  // `--duration 5s --replications 2`, all in one instance.
  miniatures() {
    const engine = new Engine();
    for (const name of questions()) written(name, engine.results(open(name), { duration: '5s', replications: 2 }));
  },
  whole() {
    for (const name of questions()) written(name, new Engine().results(open(name), {}));
  },
  trap() {
    const engine = new Engine();
    try {
      engine.exports.input(0xffff_ffff);
      throw new Error('no trap');
    } catch (error) {
      console.log(error.message, engine.read(engine.exports.failure() >>> 0));
    }
    if (new Engine().exports.failure() !== 0) throw new Error('a fresh instance has failed before');
  },
};
commands[command]();
