'use strict';

const { fileURLToPath } = require('node:url');
const { types } = require('node:util');
const { wrongType } = require('./refusal.js');

/** A picture as the core takes it: a path, the bytes of a file, or pixels. */
function input(value) {
  if (typeof value === 'string') return value;
  if (value instanceof URL) return fileURLToPath(value);
  const bytes = bytesOf(value);
  if (bytes) return bytes;
  if (typeof value === 'object' && value !== null && 'data' in value) return pixels(value);
  throw wrongType(
    'input',
    'a path (a string or a file: URL), the bytes of a file (a Buffer, Uint8Array or ArrayBuffer) ' +
      'or pixels ({ data, width, height, channels })',
    value,
  );
}

function bytesOf(value) {
  if (types.isUint8Array(value)) return value;
  if (types.isAnyArrayBuffer(value)) return new Uint8Array(value);
  return undefined;
}

function pixels({ data, width, height, channels }) {
  const samples = types.isUint8ClampedArray(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : bytesOf(data);
  if (!samples) throw wrongType('data', 'the samples in a Buffer, Uint8Array or ArrayBuffer', data);
  for (const [name, side] of Object.entries({ width, height })) {
    if (!Number.isInteger(side) || side < 1 || side > 0xffffffff) {
      throw wrongType(name, 'a whole number of pixels, 1 or more', side);
    }
  }
  if (channels !== 3) throw wrongType('channels', '3 (red, green and blue, 8 bits each)', channels);
  const expected = width * height * channels;
  if (samples.length !== expected) {
    throw wrongType('data', `${width} x ${height} x ${channels} = ${expected} samples`, samples.length);
  }
  return { data: samples, width, height };
}

module.exports = { input };
