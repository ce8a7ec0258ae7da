// What a process holds after many calls, and how it ends in the middle of them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';

import { Screener, hash } from 'deepscreen';
import { fixture } from './fixtures.mjs';

test('bytes that were screened are not kept', async () => {
  const screener = await Screener.create({ models: [] });
  // A small picture with much behind it.
  const picture = readFileSync(fixture('images/tiny_8x8.png'));
  const bytes = new Uint8Array(1 << 20);
  bytes.set(picture);
  const call = async () => {
    await screener.screen(bytes);
    await hash(bytes);
    for await (const screening of screener.screenMany([bytes, bytes])) assert.equal(screening.input.width, 8);
  };
  for (let i = 0; i < 20; i += 1) await call();
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 200; i += 1) await call();
  const grown = (process.memoryUsage().rss - before) >> 20;
  assert.ok(grown < 200, `800 MiB went through, and the process grew by ${grown} MiB`);
});

const busy = `
  const { Screener } = require(${JSON.stringify(fixture('../crates/deepscreen-node/index.js'))});
  const photo = ${JSON.stringify(fixture('images/photo_valley.jpg'))};
  const screener = new Screener({ models: [] });
  const screening = Array.from({ length: 30 }, () => screener.screen(photo));
`;

test('a worker may end while it screens', async () => {
  for (let round = 0; round < 3; round += 1) {
    const code = `${busy} screening[0].then(() => require('node:worker_threads').parentPort.postMessage('some'));`;
    const worker = new Worker(code, { eval: true });
    assert.deepEqual(await once(worker, 'message'), ['some']);
    await worker.terminate();
  }
  // What is still in the threads ends harmlessly.
  const screener = await Screener.create({ models: [] });
  assert.equal((await screener.screen(fixture('images/photo_valley.jpg'))).input.width, 800);
});

test('a process lives until its screenings are there, and may exit before', () => {
  const run = (rest) => spawnSync(process.execPath, ['-e', busy + rest], { encoding: 'utf8', timeout: 300_000 });
  const waits = run('Promise.all(screening).then((all) => console.log(all.length));');
  assert.deepEqual([waits.status, waits.stdout], [0, '30\n'], waits.stderr);
  const exits = run('screening[0].then(() => process.exit(3));');
  assert.deepEqual([exits.status, exits.stderr], [3, '']);
});
