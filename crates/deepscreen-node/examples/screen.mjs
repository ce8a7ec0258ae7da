// Prints one JSON record a line, for every path, readable or not, in their order.
//
// node examples/screen.mjs PATH..

import { Screener } from 'deepscreen';

const paths = process.argv.slice(2);
if (paths.length === 0) {
  console.error('usage: screen.mjs PATH..');
  process.exit(2);
}
const screener = await Screener.create();
for await (const screening of screener.screenMany(paths)) {
  console.log(screening.toLine());
}
