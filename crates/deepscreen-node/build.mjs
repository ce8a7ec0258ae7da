// Puts into this folder what the package carries beside its own files: the binary for this platform, the licences, the
// card and the notice of the model that is inside, and the schema of the records.
//
// node build.mjs [--debug] [--library FILE, where cargo has built it already]

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { platform } from './lib/platform.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');

const { values } = parseArgs({ options: { debug: { type: 'boolean' }, library: { type: 'string' } } });

/** Builds the library and says where it is. */
function built() {
  const cargo = spawnSync(
    'cargo',
    [
      'build', '--package', 'deepscreen-node', '--locked', '--message-format', 'json-render-diagnostics',
      ...(values.debug ? [] : ['--release']),
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 64 << 20 },
  );
  if (cargo.status !== 0) {
    if (cargo.error) console.error(`cargo: ${cargo.error.message}`);
    process.exit(1);
  }
  return cargo.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'deepscreen_node')
    .flatMap(({ filenames }) => filenames)
    .find((name) => /\.(so|dylib|dll)$/.test(name));
}

copyFileSync(values.library ?? built(), join(here, `deepscreen.${platform()}.node`));
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(join(root, name), join(here, name));
mkdirSync(join(here, 'model'), { recursive: true });
for (const name of ['README.md', 'NOTICE']) copyFileSync(join(root, 'models', 'ai-image', name), join(here, 'model', name));
copyFileSync(join(root, 'crates', 'deepscreen', 'schema', 'deepscreen-1.json'), join(here, 'deepscreen-1.json'));
