'use strict';

/** What a binary is built for: `linux-x64-gnu`, `linux-arm64-musl`, `darwin-arm64`, `win32-x64`. */
function platform() {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' ? `${name}-${isGlibc() ? 'gnu' : 'musl'}` : name;
}

function isGlibc() {
  // Otherwise the report looks up the name of every open connection.
  const { excludeNetwork } = process.report;
  process.report.excludeNetwork = true;
  const { header } = process.report.getReport();
  process.report.excludeNetwork = excludeNetwork;
  return Boolean(header.glibcVersionRuntime);
}

module.exports = { platform };
