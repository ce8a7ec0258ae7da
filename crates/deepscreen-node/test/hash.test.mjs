// A picture in, its hashes out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Screener, hash } from 'deepscreen';
import { fixture } from './fixtures.mjs';

const photo = fixture('images/photo_valley.jpg');

test('hashes are those of a record', async () => {
  const screener = await Screener.create({ models: [], provenance: false });
  const { hashes } = await screener.screen(photo);
  assert.deepEqual(await hash(photo), hashes);
  assert.deepEqual(await hash(readFileSync(photo)), hashes);
});

test('pixels are hashed as they are', async () => {
  const data = new Uint8Array(90 * 70 * 3).map((_, i) => (i * i) >> 6);
  const file = Buffer.concat([Buffer.from('P6 90 70 255\n'), data]);
  assert.deepEqual(await hash({ data, width: 90, height: 70, channels: 3 }), await hash(file));
});

test('what cannot be hashed is rejected with the code of Rust', async () => {
  const cases = [
    ['no/such/file', 'unreadable', /^no\/such\/file: cannot be read: /],
    [Buffer.alloc(0), 'empty', /^no bytes$/],
    [Buffer.from('a text'), 'not_an_image', /./],
    [fixture('sample/cut.jpg'), 'truncated', /./],
    [fixture('hostile/bomb_header.png'), 'too_large', /./],
  ];
  for (const [input, code, message] of cases) {
    await assert.rejects(hash(input), { name: 'Error', code, message });
  }
  await assert.rejects(hash(photo, { limits: { maxBytes: 10 } }), { code: 'too_large' });
  await assert.rejects(hash(photo, { limit: {} }), { code: 'invalid_config' });
  await assert.rejects(hash(7), { name: 'TypeError', message: /^input: expected a path/ });
});
