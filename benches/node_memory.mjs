// Prints what a process holds while it screens the same picture again and again: from a path, from bytes, from pixels,
// in a list, and hashed alone. It should stay what it is after the first few thousand calls.
//
// usage: node --expose-gc benches/node_memory.mjs [CALLS]

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Screener, hash } from '../crates/deepscreen-node/index.js';

const calls = Number(process.argv[2] ?? 100_000);
const picture = fileURLToPath(new URL('../fixtures/images/tiny_40x40.png', import.meta.url));
const bytes = readFileSync(picture);
const pixels = { data: new Uint8Array(40 * 40 * 3).map((_, i) => i), width: 40, height: 40, channels: 3 };
const screener = await Screener.create({ models: [] });

const ways = {
  path: () => screener.screen(picture),
  bytes: () => screener.screen(bytes),
  pixels: () => screener.screen(pixels),
  bad: () => screener.screen('no/such/file'),
  refused: () => screener.screen(7).catch(() => {}),
  hash: () => hash(bytes),
  rejected: () => hash('no/such/file').catch(() => {}),
  many: async () => {
    for await (const screening of screener.screenMany([picture, bytes, pixels])) if (!screening.hashes) throw screening;
  },
};
const each = Object.values(ways);

function tell(done) {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1).padStart(6);
  console.log(`${String(done).padStart(7)} calls  ${mebibytes(rss)} MiB, of them ${mebibytes(heapUsed)} of JavaScript`);
}

tell(0);
for (let done = 0; done < calls; ) {
  // Some at a time, as in a service.
  await Promise.all(Array.from({ length: 40 }, (_, i) => each[i % each.length]()));
  done += 40;
  if (done % (calls / 10) < 40) tell(done);
}
