// One picture in, its record out.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import Ajv from 'ajv/dist/2020.js';
import { Screener, Screening } from 'deepscreen';
import { files, fixture, lasting } from './fixtures.mjs';

const schema = JSON.parse(readFileSync(new URL(import.meta.resolve('deepscreen/deepscreen-1.json'))));
const photo = fixture('images/photo_valley.jpg');
const screener = await Screener.create({ engine: 'rten' });
const hashing = await Screener.create({ models: [] });

test('a photograph is screened by the model that is inside', async () => {
  const screening = await screener.screen(photo);
  assert.ok(screening instanceof Screening);
  assert.equal(screening.schema, 'deepscreen/1');
  assert.deepEqual([screening.input.path, screening.input.width, screening.input.height], [photo, 800, 600]);
  assert.match(screening.hashes.pdq.hash, /^[0-9a-f]{64}$/);
  assert.equal(screening.verdict.label, 'no_indication');
  const scores = screening.evidence.filter(({ kind }) => kind === 'score');
  assert.deepEqual(scores.map(({ source }) => source), ['detector/ai-image@6']);
  assert.deepEqual(Object.keys(screening.replay.models), ['ai-image']);
});

test('a screening has the fields of its line, and its line is the record of Rust', async () => {
  const screening = await screener.screen(photo);
  assert.deepEqual(JSON.parse(JSON.stringify(screening)), JSON.parse(screening.toLine()));
  assert.deepEqual(Object.keys(screening), [
    'schema', 'input', 'hashes', 'verdict', 'evidence', 'failures', 'replay', 'elapsed_ms',
  ]);
});

test('every record fits the schema', async () => {
  const fits = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const pictures = [...files('images'), ...files('hostile'), ...files('sample'), 'no/such/file', Buffer.alloc(0)];
  const check = async (screenings) => {
    let records = 0;
    for await (const screening of screenings) {
      assert.ok(fits(screening), `${screening.toLine()}\n${JSON.stringify(fits.errors)}`);
      records += 1;
    }
    return records;
  };
  assert.equal(await check(hashing.screenMany(pictures)), pictures.length);
  await check(screener.screenMany(files('sample'), { language: 'vi' }));
  assert.ok(pictures.length > 200);
});

test('path, URL, bytes and pixels of one picture get one record', async () => {
  const picture = fixture('images/png_rgb8.png');
  const bytes = readFileSync(picture);
  const whole = lasting(await hashing.screen(picture));
  const apart = new Uint8Array(bytes).buffer;
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const part = new Uint8Array([1, 2, ...bytes, 3]).subarray(2, 2 + bytes.length);
  for (const input of [pathToFileURL(picture), bytes, new Uint8Array(bytes), apart, shared, shared.buffer, part]) {
    assert.deepEqual(lasting(await hashing.screen(input)), whole);
  }
});

test('pixels are screened as they are', async () => {
  const [width, height] = [120, 80];
  const data = new Uint8Array(width * height * 3).map((_, i) => (i * i) >> 7);
  const header = Buffer.from(`P6 ${width} ${height} 255\n`);
  const file = await hashing.screen(Buffer.concat([header, data]));
  for (const samples of [data, Buffer.from(data), data.buffer, new Uint8ClampedArray(data)]) {
    const pixels = await hashing.screen({ data: samples, width, height, channels: 3 });
    assert.deepEqual(pixels.hashes, file.hashes);
    assert.deepEqual([pixels.input.format, pixels.input.width, pixels.input.height], ['pixels', width, height]);
  }
});

test('bad pictures are results, never rejections', async () => {
  const cases = [
    ['no/such/file', 'unreadable'],
    [fixture('images'), 'unreadable'],
    ['nul\0byte', 'unreadable'],
    [Buffer.alloc(0), 'empty'],
    [Buffer.from('a text'), 'not_an_image'],
    [fixture('sample/cut.jpg'), 'truncated'],
    [fixture('hostile/photoshop.psd'), 'unsupported'],
    [fixture('hostile/bomb_header.png'), 'too_large'],
  ];
  for (const [input, code] of cases) {
    const screening = await screener.screen(input);
    assert.deepEqual(screening.failures.map((failure) => failure.code), [code], String(input));
    assert.equal(screening.verdict.label, 'inconclusive');
    assert.equal(screening.verdict.probability, null);
  }
});

test('limits hold for paths and bytes', async () => {
  const strict = await Screener.create({ models: [], limits: { maxBytes: 100 } });
  for (const input of [photo, readFileSync(photo)]) {
    const screening = await strict.screen(input);
    assert.equal(screening.failures[0].code, 'too_large');
    assert.equal(screening.input.sha256, undefined);
  }
});

test('bytes are copied at once: what is done to them afterwards changes nothing', async () => {
  const bytes = readFileSync(photo);
  const expected = lasting(await hashing.screen(photo));
  const pending = Array.from({ length: 20 }, () => {
    const mine = new Uint8Array(bytes);
    const promise = hashing.screen(mine);
    mine.fill(0);
    structuredClone(mine.buffer, { transfer: [mine.buffer] });
    return promise;
  });
  for (const screening of await Promise.all(pending)) assert.deepEqual(lasting(screening), expected);
});

test('one screener serves any number of calls at once, beside one that goes through a list', async () => {
  const expected = lasting(await hashing.screen(photo));
  const list = (async () => {
    for await (const one of hashing.screenMany(Array(200).fill(photo))) assert.deepEqual(lasting(one), expected);
  })();
  const calls = await Promise.all(Array.from({ length: 200 }, () => hashing.screen(photo)));
  for (const one of calls) assert.deepEqual(lasting(one), expected);
  await list;
});

test('sentences are in the language that is asked for', async () => {
  // Nobody measured this model, which a reason says.
  const detecting = await Screener.create({ engine: 'rten', models: [fixture('networks/green')] });
  const data = new Uint8Array(300 * 300 * 3).map((_, i) => (i % 3 === 1 ? 255 : 0));
  const green = { data, width: 300, height: 300, channels: 3 };
  const [english, vietnamese] = await Promise.all(
    ['en', 'vi'].map((language) => detecting.screen(green, { language })),
  );
  assert.deepEqual(english.verdict.reasons.map(({ code }) => code), vietnamese.verdict.reasons.map(({ code }) => code));
  assert.ok(english.verdict.reasons.length > 0);
  assert.notEqual(english.verdict.reasons[0].message, vietnamese.verdict.reasons[0].message);
});

test('inputs of other types are refused with what was expected', async () => {
  const data = Buffer.alloc(12);
  const cases = [
    [undefined, /^input: expected a path .* got undefined$/],
    [7, /^input: .* got 7$/],
    [null, /^input: .* got null$/],
    [['a.jpg'], /^input: .* got \[ 'a.jpg' \]$/],
    [new Float32Array(3), /^input: .* Float32Array/],
    [{ data: [1, 2, 3], width: 1, height: 1, channels: 3 }, /^data: expected the samples in a Buffer/],
    [{ data, width: 2, channels: 3 }, /^height: expected a whole number of pixels, 1 or more, got undefined$/],
    [{ data, width: 2.5, height: 2, channels: 3 }, /^width: .* got 2.5$/],
    [{ data, width: 2, height: 2, channels: 4 }, /^channels: expected 3 .* got 4$/],
    [{ data, width: 2, height: 3, channels: 3 }, /^data: expected 2 x 3 x 3 = 18 samples, got 12$/],
  ];
  for (const [input, message] of cases) {
    await assert.rejects(screener.screen(input), { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', message });
  }
  await assert.rejects(screener.screen(new URL('https://example.org/a.jpg')), TypeError);
});

test('records are those of the program', { skip: !process.env.DEEPSCREEN_PROGRAM }, async () => {
  const paths = [...files('images'), ...files('hostile'), ...files('sample'), 'no/such/file'];
  const scan = ['scan', '--format', 'jsonl', '--engine', 'rten', '--lang', 'en', ...paths];
  const lines = execFileSync(process.env.DEEPSCREEN_PROGRAM, scan, { encoding: 'utf8', maxBuffer: 64 << 20 });
  const untimed = (line) => line.replace(/"elapsed_ms":[^}]*/, '');
  const records = [];
  for await (const screening of screener.screenMany(paths)) records.push(untimed(screening.toLine()));
  assert.deepEqual(records, lines.trimEnd().split('\n').map(untimed));
});
