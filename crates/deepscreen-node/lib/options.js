'use strict';

const { fileURLToPath } = require('node:url');
const { shown, wrongOption, wrongType } = require('./refusal.js');

// Each reads a value as the core takes it; the name of the option is for the error.

function text(value, name) {
  if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  return value;
}

function path(value, name) {
  if (value instanceof URL) return fileURLToPath(value);
  if (typeof value !== 'string') throw wrongType(name, 'a path (a string or a file: URL)', value);
  return value;
}

function paths(value, name) {
  if (!Array.isArray(value)) throw wrongType(name, 'an array of paths', value);
  return value.map((one, i) => path(one, `${name}[${i}]`));
}

function number(value, name) {
  if (typeof value !== 'number') throw wrongType(name, 'a number', value);
  // JSON has no others, and would have null in their place.
  if (!Number.isFinite(value)) throw wrongOption(`${name}: expected a finite number, got ${value}`);
  return value;
}

function count(value, name) {
  if (!Number.isSafeInteger(number(value, name)) || value < 0) {
    throw wrongOption(`${name}: expected a whole number, 0 or more, got ${shown(value)}`);
  }
  return value;
}

function flag(value, name) {
  if (typeof value !== 'boolean') throw wrongType(name, 'a boolean', value);
  return value;
}

function fields(known) {
  return (value, name) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongType(name, 'an object', value);
    const read = {};
    for (const [option, given] of Object.entries(value)) {
      if (!Object.hasOwn(known, option)) {
        throw wrongOption(`${name}: unknown option ${shown(option)}, expected one of ${Object.keys(known).join(', ')}`);
      }
      // As JavaScript has it: what is undefined was not given.
      if (given !== undefined) read[snakeCase(option)] = known[option](given, option);
    }
    return read;
  };
}

const snakeCase = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const limits = fields({
  maxBytes: count,
  maxPixels: count,
  maxSide: count,
  maxDecoderBytes: count,
  maxManifestBytes: count,
  maxManifestSeconds: number,
  maxSeconds: number,
  maxMetadataBytes: count,
});

/** What a screener is made of: the core's settings, under the names of JavaScript. */
const screenerOptions = fields({
  models: paths,
  faces: path,
  stability: count,
  policy: text,
  maxFpr: number,
  provenance: flag,
  trustAnchors: text,
  banks: paths,
  bankTransforms: flag,
  threads: count,
  engine: text,
  onnxruntime: path,
  provider: text,
  limits,
});

const hashOptions = fields({ limits });

const LANGUAGES = ['en', 'vi'];

const callOptions = fields({
  language: (value, name) => {
    if (!LANGUAGES.includes(text(value, name))) {
      throw wrongOption(`${name}: expected one of ${LANGUAGES.join(', ')}, got ${shown(value)}`);
    }
    return value;
  },
});

/** The options of a screener as the core's settings, in JSON. */
const settings = (options = {}) => JSON.stringify(screenerOptions(options, 'options'));

/** The options of hashing as the core's settings, in JSON. */
const hashSettings = (options = {}) => JSON.stringify(hashOptions(options, 'options'));

/** The language of sentences, `en` unless the options of a call say otherwise. */
const language = (options = {}) => callOptions(options, 'options').language ?? 'en';

module.exports = { hashSettings, language, settings };
