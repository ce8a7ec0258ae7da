'use strict';

const { inspect } = require('node:util');

/** What a user gave, short enough for a sentence. */
function shown(value) {
  if (typeof value === 'function') return `function ${value.name}`;
  const text = inspect(value, { depth: 0, maxArrayLength: 3, maxStringLength: 60, breakLength: Infinity });
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** An argument of a wrong type. */
function wrongType(what, expected, value) {
  return Object.assign(new TypeError(`${what}: expected ${expected}, got ${shown(value)}`), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
}

/** An option that is wrong for another reason, with the code that Rust gives it. */
function wrongOption(message) {
  return Object.assign(new Error(message), { code: 'invalid_config' });
}

module.exports = { shown, wrongOption, wrongType };
