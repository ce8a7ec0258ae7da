'use strict';

const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { platform } = require('./platform.js');

const folder = join(__dirname, '..');
const name = platform();

try {
  module.exports = require(join(folder, `deepscreen.${name}.node`));
} catch (error) {
  const there = readdirSync(folder).map((file) => /^deepscreen\.(.+)\.node$/.exec(file)?.[1]).filter(Boolean);
  if (there.includes(name)) throw error;
  throw new Error(
    `deepscreen has no binary for ${name} here, only for: ${there.join(', ') || 'none'}. ` +
      'In a checkout, `npm run build` makes one.',
    { cause: error },
  );
}
