// Many pictures in, their screenings out, in order.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';

import { Screener } from 'deepscreen';
import { files, fixture, lasting } from './fixtures.mjs';

const photo = fixture('images/photo_valley.jpg');
const screener = await Screener.create({ models: [], threads: 2 });

async function all(screenings) {
  const list = [];
  for await (const screening of screenings) list.push(screening);
  return list;
}

test('screenings come in the order of the inputs, the same as one by one, from any iterable', async () => {
  const paths = [...files('images'), 'no/such/file', ...files('hostile')];
  const expected = [];
  for (const path of paths) expected.push(lasting(await screener.screen(path)));
  async function* read() {
    for (const path of paths) yield path === 'no/such/file' ? path : readFile(path);
  }
  for (const inputs of [paths, new Set(paths), paths.values(), paths.map((path) => Promise.resolve(path)), read()]) {
    assert.deepEqual((await all(screener.screenMany(inputs))).map(lasting), expected);
  }
});

test('with a model, batches give the scores of single pictures', async () => {
  const detecting = await Screener.create({ engine: 'rten', threads: 2 });
  const paths = files('sample');
  const one = [];
  for (const path of paths) one.push((await detecting.screen(path)).verdict);
  assert.deepEqual((await all(detecting.screenMany(paths))).map(({ verdict }) => verdict), one);
});

test('nothing is asked for before a screening is, and no more than is taken', async () => {
  let asked = 0;
  function* endless() {
    for (;;) {
      asked += 1;
      yield photo;
    }
  }
  const screenings = screener.screenMany(endless());
  await setTimeout(50);
  assert.equal(asked, 0);
  for (let taken = 0; taken < 100; taken += 1) await screenings.next();
  await setTimeout(200);
  assert.ok(asked >= 100 && asked <= 100 + 64 + 1, `${asked} asked for after 100 were taken`);
  await screenings.return();
});

test('leaving the loop closes the iterable', async () => {
  let closed = 0;
  function* sync() {
    try {
      for (;;) yield photo;
    } finally {
      closed += 1;
    }
  }
  async function* async() {
    yield* sync();
  }
  for (const inputs of [sync(), async()]) {
    for await (const screening of screener.screenMany(inputs)) {
      assert.equal(screening.input.path, photo);
      break;
    }
  }
  await setImmediate();
  assert.equal(closed, 2);
});

test('leaving the loop does not wait for an input that never comes', async () => {
  async function* hangs() {
    yield photo;
    await new Promise(() => {});
  }
  for await (const screening of screener.screenMany(hangs())) {
    assert.equal(screening.input.path, photo);
    break;
  }
});

test('a slow source holds nothing up: each screening comes before the next input', async () => {
  const taken = [];
  async function* slow() {
    for (let i = 0; i < 5; i += 1) {
      // Only once everything before has come out.
      while (taken.length < i) await setTimeout(1);
      yield photo;
    }
  }
  for await (const screening of screener.screenMany(slow())) taken.push(screening);
  assert.equal(taken.length, 5);
});

test('what the iterable throws comes after the screenings of the inputs before', async () => {
  const failure = new Error('disk on fire');
  async function* breaks() {
    yield photo;
    yield 'no/such/file';
    yield photo;
    throw failure;
  }
  function* rejects() {
    yield* [photo, 'no/such/file', photo];
    yield Promise.reject(failure);
  }
  for (const [inputs, expected] of [
    [breaks(), failure],
    [rejects(), failure],
    [[photo, 'no/such/file', photo, 7, photo], { name: 'TypeError', message: /^input: .* got 7$/ }],
  ]) {
    const labels = [];
    await assert.rejects(async () => {
      for await (const { failures } of screener.screenMany(inputs)) labels.push(failures.length);
    }, expected);
    assert.deepEqual(labels, [0, 1, 0]);
  }
});

test('an empty iterable gives nothing', async () => {
  assert.deepEqual(await all(screener.screenMany([])), []);
});

test('what is not iterable, or only by accident, is refused at once', () => {
  for (const inputs of [undefined, null, 7, 'a.jpg', Buffer.alloc(3), {}]) {
    assert.throws(() => screener.screenMany(inputs), {
      name: 'TypeError',
      message: /^inputs: expected an iterable or async iterable of inputs, got /,
    });
  }
});
