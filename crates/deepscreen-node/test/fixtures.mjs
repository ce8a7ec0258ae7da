// Where the pictures of the project's tests lie.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const fixtures = fileURLToPath(new URL('../../../fixtures', import.meta.url));

export const fixture = (name) => join(fixtures, name);

/** Every file of a folder, in order. */
export const files = (name) =>
  readdirSync(fixture(name)).sort().map((file) => fixture(join(name, file)));

/** What is the same for the same input: everything but the time that it took, and the path. */
export const lasting = ({ elapsed_ms, input: { path, ...input }, ...record }) => ({ input, ...record });
