// What the package promises beside its functions: types, examples, and what is packed.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Screener, version } from 'deepscreen';
import { platform } from '../lib/platform.js';
import { files, fixture, lasting } from './fixtures.mjs';

const folder = fileURLToPath(new URL('..', import.meta.url));
const read = (name) => readFileSync(join(folder, name), 'utf8');
const photo = fixture('images/photo_valley.jpg');

test('the package has the version of the library', () => {
  assert.equal(version, JSON.parse(read('package.json')).version);
});

test('the types say what is there', () => {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...options, 'test/types.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});

test('every code of a failure has its type', () => {
  const schema = JSON.parse(read('deepscreen-1.json'));
  const { enum: codes } = schema.properties.failures.items.properties.code;
  const union = /type FailureCode =([^;]+);/.exec(read('index.d.ts'))[1];
  assert.deepEqual([...union.matchAll(/'(\w+)'/g)].map(([, code]) => code).sort(), [...codes].sort());
});

test('the examples of the READMEs run as they stand', (t) => {
  const place = mkdtempSync(join(tmpdir(), 'deepscreen-'));
  t.after(() => rmSync(place, { recursive: true }));
  mkdirSync(join(place, 'node_modules'));
  symlinkSync(folder, join(place, 'node_modules', 'deepscreen'), 'junction');
  copyFileSync(photo, join(place, 'upload.jpg'));
  copyFileSync(fixture('images/jpeg_420.jpg'), join(place, 'other.jpg'));
  for (const readme of ['README.md', '../../README.md', '../../README.vi.md']) {
    const examples = [...read(readme).matchAll(/```js\n([^]+?)```/g)];
    assert.ok(examples.length > 0, readme);
    for (const [, code] of examples) {
      writeFileSync(join(place, 'example.mjs'), code);
      const printed = execFileSync(process.execPath, ['example.mjs'], { cwd: place, encoding: 'utf8' });
      assert.match(printed, /no_indication/, code);
    }
  }
});

test('the example of a folder prints the records as they are', async () => {
  const paths = [...files('sample'), 'no/such/file'];
  const example = join(folder, 'examples', 'screen.mjs');
  const printed = execFileSync(process.execPath, [example, ...paths], { encoding: 'utf8' }).trimEnd().split('\n');
  const screener = await Screener.create();
  const records = [];
  for await (const screening of screener.screenMany(paths)) records.push(lasting(JSON.parse(screening.toLine())));
  assert.deepEqual(printed.map((line) => lasting(JSON.parse(line))), records);
});

test('the example of a server answers with a record, whatever is sent', async (t) => {
  const server = spawn(process.execPath, [join(folder, 'examples', 'upload.mjs'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => server.kill());
  const [address] = await once(server.stdout, 'data');
  for (const [body, label] of [[readFileSync(photo), 'no_indication'], ['a text', 'inconclusive']]) {
    const response = await fetch(String(address).trim(), { method: 'POST', body });
    assert.equal((await response.json()).verdict.label, label);
  }
  const tooMuch = await fetch(String(address).trim(), { method: 'POST', body: Buffer.alloc(20_000_001) }).catch(() => null);
  assert.ok(tooMuch === null || tooMuch.status === 413);
});

test('the package carries binary, types, schema, licences and the card of the model', () => {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const options = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const packed = execFileSync(npm, options, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  const carried = JSON.parse(packed)[0].files.map(({ path }) => path);
  const binary = `deepscreen.${platform()}.node`;
  const expected = [
    'LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'deepscreen-1.json', binary, 'examples/screen.mjs',
    'examples/upload.mjs', 'index.d.ts', 'index.js', 'lib/input.js', 'lib/many.js', 'lib/native.js', 'lib/options.js',
    'lib/platform.js', 'lib/refusal.js', 'model/NOTICE', 'model/README.md', 'package.json',
  ];
  const others = carried.filter((path) => !path.endsWith('.node') || path === binary);
  assert.deepEqual(others.sort(), expected.sort());
});

test('packages come from where npm is told to look, and from nowhere else', () => {
  const { packages } = JSON.parse(read('package-lock.json'));
  for (const [name, { resolved }] of Object.entries(packages)) {
    assert.ok(resolved === undefined || resolved.startsWith('https://registry.npmjs.org/'), `${name}: ${resolved}`);
  }
});
