// Options as JavaScript has them: what they make, and how wrong ones fail.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { Screener } from 'deepscreen';
import { fixture } from './fixtures.mjs';

const require = createRequire(import.meta.url);
const native = require('../lib/native.js');

const creations = [
  (options) => Screener.create(options),
  async (options) => new Screener(options),
];

test('options are those of the core, under the names of JavaScript', async () => {
  const network = fixture('networks/green');
  for (const create of creations) {
    const screener = await create({
      models: ['ai-image', pathToFileURL(network)],
      engine: 'rten',
      threads: 3,
      stability: undefined,
      limits: { maxBytes: 1 << 20, maxPixels: 1e6, maxSide: 5000, maxDecoderBytes: 1 << 28 },
    });
    assert.equal(screener.threads, 3);
    const { replay } = await screener.screen(fixture('sample/valley.jpg'));
    assert.deepEqual(Object.keys(replay.models), ['ai-image', 'green']);
  }
});

test('every setting of the core has an option', () => {
  let message;
  try {
    new native.Screener('{"?": 1}');
  } catch (error) {
    message = error.message;
  }
  const settings = [...message.split('expected one of ')[1].matchAll(/`(\w+)`/g)].map(([, name]) => name);
  assert.ok(settings.length >= 10);
  const camelCase = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  assert.throws(
    () => new Screener({ '?': 1 }),
    (error) => {
      const options = error.message.split('expected one of ')[1].split(', ');
      assert.deepEqual(options.sort(), settings.map(camelCase).sort());
      return true;
    },
  );
});

test('wrong options are errors with the code of Rust', async () => {
  const cases = [
    [{ modles: [] }, 'invalid_config', "options: unknown option 'modles', expected one of models, faces"],
    [{ limits: { max_bytes: 1 } }, 'invalid_config', "limits: unknown option 'max_bytes', expected one of maxBytes"],
    [{ threads: -1 }, 'invalid_config', 'threads: expected a whole number, 0 or more, got -1'],
    [{ stability: 300 }, 'invalid_config', 'settings: invalid value: integer `300`'],
    [{ maxFpr: NaN }, 'invalid_config', 'maxFpr: expected a finite number, got NaN'],
    [{ maxFpr: 2 }, 'invalid_config', 'max_fpr: '],
    [{ maxFpr: 0.00001 }, 'invalid_config', 'detector/ai-image@6: never measured at a false-alarm rate of 0.00001'],
    [{ engine: 'torch' }, 'invalid_config', 'torch: not an engine'],
    [{ provider: 'tpu' }, 'invalid_config', 'tpu: not a provider'],
    [{ policy: 'fusion = 3' }, 'invalid_config', 'policy: '],
    [{ models: ['no/such/model'] }, 'unreadable', 'no/such/model'],
    [{ faces: 'no/such/faces.onnx' }, 'unreadable', 'no/such/faces.onnx'],
    [{ models: [], banks: ['no/party.bank'] }, 'unreadable', 'no/party.bank: cannot be read'],
    [{ engine: 'onnxruntime', onnxruntime: 'no/such/lib.so' }, 'engine_unavailable', 'no/such/lib.so'],
  ];
  for (const [options, code, message] of cases) {
    for (const create of creations) {
      await assert.rejects(create(options), (error) => {
        assert.ok(error instanceof Error && !(error instanceof TypeError));
        assert.deepEqual([error.name, error.code], ['Error', code]);
        assert.ok(error.message.includes(message), error.message);
        return true;
      });
    }
  }
});

test('options of wrong types are type errors that say what was expected', async () => {
  const cases = [
    [null, 'options: expected an object, got null'],
    ['ai-image', "options: expected an object, got 'ai-image'"],
    [[], 'options: expected an object, got []'],
    [{ models: 'ai-image' }, "models: expected an array of paths, got 'ai-image'"],
    [{ models: ['ai-image', 7] }, 'models[1]: expected a path (a string or a file: URL), got 7'],
    [{ threads: '2' }, "threads: expected a number, got '2'"],
    [{ maxFpr: null }, 'maxFpr: expected a number, got null'],
    [{ policy: {} }, 'policy: expected a string, got {}'],
    [{ banks: 'party.bank' }, "banks: expected an array of paths, got 'party.bank'"],
    [{ bankTransforms: 1 }, 'bankTransforms: expected a boolean, got 1'],
    [{ limits: 5 }, 'limits: expected an object, got 5'],
  ];
  for (const [options, message] of cases) {
    for (const create of creations) await assert.rejects(create(options), { name: 'TypeError', message });
  }
});

test('a call takes a language and nothing else', async () => {
  const screener = await Screener.create({ models: [] });
  for (const [options, message] of [
    [{ lang: 'vi' }, "options: unknown option 'lang', expected one of language"],
    [{ language: 'fr' }, "language: expected one of en, vi, got 'fr'"],
  ]) {
    await assert.rejects(screener.screen('a.jpg', options), { code: 'invalid_config', message });
    assert.throws(() => screener.screenMany([], options), { code: 'invalid_config', message });
  }
  assert.throws(() => Screener(), TypeError);
});
