// Banks of known pictures: what is found, what `reload` reads again, what goes wrong.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import Ajv from 'ajv/dist/2020.js';
import { Screener } from 'deepscreen';
import { fixture, lasting } from './fixtures.mjs';

const photo = fixture('images/photo_valley.jpg');
const other = fixture('images/tiny_40x40.png');

// Only the program and Rust make banks.
const program = process.env.DEEPSCREEN_PROGRAM;
const skip = program ? false : 'DEEPSCREEN_PROGRAM does not name the Rust program';

const add = (bank, picture) => execFileSync(program, ['bank', 'add', bank, picture, '--label', 'known_fake']);

/** A bank that knows one picture. */
function bankOf(t) {
  const folder = mkdtempSync(join(tmpdir(), 'deepscreen-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bank = join(folder, 'party.bank');
  execFileSync(program, ['bank', 'create', bank]);
  add(bank, photo);
  return bank;
}

const screenerWith = (bank, options) =>
  Screener.create({ models: [], provenance: false, threads: 2, banks: [bank], ...options });

const isKnown = ({ verdict }) => verdict.label === 'likely_manipulated';
const checksum = ({ replay }) => replay.lists['bank/party'];

test('a known fake is found', { skip }, async (t) => {
  const bank = bankOf(t);
  const schema = JSON.parse(readFileSync(new URL(import.meta.resolve('deepscreen/deepscreen-1.json'))));
  const fits = new Ajv({ allErrors: true, strict: false }).compile(schema);
  for (const path of [bank, pathToFileURL(bank)]) {
    const screener = await screenerWith(path, { bankTransforms: true });
    const screening = await screener.screen(photo);
    assert.ok(fits(screening), JSON.stringify(fits.errors));
    assert.ok(isKnown(screening));
    assert.deepEqual(screening.verdict.reasons.map(({ code }) => code), ['bank.known_fake']);
    assert.deepEqual(screening.evidence, [
      { source: 'bank/party', kind: 'match', label: 'known_fake', hash: 'sha256', entry: '1', name: 'photo_valley.jpg' },
    ]);
    assert.ok(!isKnown(await screener.screen(other)));
  }
});

test('what is added is known after a reload, and not to what has begun', { skip }, async (t) => {
  const bank = bankOf(t);
  const screener = await screenerWith(bank);
  const before = lasting(await screener.screen(other));
  const begun = screener.screenMany(Array(150).fill(other));
  const notAskedYet = screener.screenMany([other]);
  assert.deepEqual(lasting((await begun.next()).value), before);
  add(bank, other);
  assert.deepEqual(lasting(await screener.screen(other)), before);
  const reload = screener.reload();
  assert.ok(reload instanceof Promise);
  const during = screener.screen(other);
  assert.equal(await reload, undefined);
  const after = await screener.screen(other);
  assert.ok(isKnown(after) && !isKnown(before));
  assert.notEqual(checksum(after), checksum(before));
  assert.deepEqual(lasting(await during), before);
  let rest = 0;
  for await (const screening of begun) {
    assert.deepEqual(lasting(screening), before);
    rest += 1;
  }
  assert.equal(rest, 149);
  assert.deepEqual(lasting((await notAskedYet.next()).value), before);
  for await (const screening of screener.screenMany([other])) assert.deepEqual(lasting(screening), lasting(after));
});

test('a bank that cannot be read is named, and a screener goes on with what it has', { skip }, async (t) => {
  const bank = bankOf(t);
  const whole = readFileSync(bank);
  const put = (bytes) => {
    // The open file stays as it is where another takes its name.
    rmSync(bank);
    if (bytes) writeFileSync(bank, bytes);
  };
  const screener = await screenerWith(bank);
  const before = lasting(await screener.screen(photo));
  assert.ok(isKnown(before));
  for (const [bytes, code] of [
    [null, 'unreadable'],
    ['known fakes:\n', 'invalid_bank'],
    [Buffer.concat([whole.subarray(0, 100), Buffer.alloc(8000, 0x5a)]), 'invalid_bank'],
  ]) {
    put(bytes);
    const isNamed = (error) => {
      assert.ok(error instanceof Error && error.message.startsWith(`${bank}: `), String(error));
      assert.equal(error.code, code);
      return true;
    };
    await assert.rejects(screener.reload(), isNamed);
    await assert.rejects(screenerWith(bank), isNamed);
    assert.throws(() => new Screener({ models: [], banks: [bank] }), isNamed);
    assert.deepEqual(lasting(await screener.screen(photo)), before);
    // One that failed keeps no later one from its work.
    writeFileSync(`${bank}.new`, whole);
    renameSync(`${bank}.new`, bank);
    await screener.reload();
    assert.deepEqual(lasting(await screener.screen(photo)), before);
  }
});

test('banks are read again while pictures are screened, and each record is of one of them', { skip }, async (t) => {
  const bank = bankOf(t);
  const screener = await screenerWith(bank);
  const before = checksum(await screener.screen(other));
  const found = [];
  let stopped = false;
  const enough = async (more) => {
    const most = found.length + more;
    while (found.length < most) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  const work = async () => {
    while (!stopped) found.push(await screener.screen(other));
  };
  const inMany = async () => {
    while (!stopped) for await (const screening of screener.screenMany([other])) found.push(screening);
  };
  const working = Promise.all([work(), work(), inMany()]);
  await enough(5);
  add(bank, other);
  await Promise.all(Array.from({ length: 10 }, () => screener.reload()));
  await enough(5);
  stopped = true;
  await working;
  const old = found.filter((screening) => checksum(screening) === before);
  const fresh = found.filter((screening) => checksum(screening) !== before);
  assert.ok(old.length > 0 && fresh.length > 0);
  assert.ok(!old.some(isKnown) && fresh.every(isKnown));
  assert.equal(new Set(fresh.map(checksum)).size, 1);
  assert.ok(found.every(({ failures }) => failures.length === 0));
});

test('a screener without banks reloads nothing', async () => {
  const screener = new Screener({ models: [] });
  const before = lasting(await screener.screen(photo));
  await screener.reload();
  assert.deepEqual(lasting(await screener.screen(photo)), before);
});
