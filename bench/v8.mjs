// This program as a module under V8. The steady clock shows the CPU time of the process, so that the
// module can time itself.
//
//   node --no-turbo-fast-api-calls v8.mjs MODULE FOLDER WORD…      FOLDER is /data there
//
// Without that switch, calls of node:wasi that the compiler made fast may damage the heap when memory
// grows (nodejs/node, issue 46777).

import { readFileSync } from "node:fs";
import { WASI } from "node:wasi";

const MONOTONIC = 1;
const [module, folder, ...words] = process.argv.slice(2);

const wasi = new WASI({
  version: "preview1",
  args: ["rawsky-bench", ...words],
  env: {},
  preopens: { "/data": folder },
});
const imports = wasi.getImportObject();
const calls = imports.wasi_snapshot_preview1;
const clock = calls.clock_time_get;
calls.clock_time_get = (id, precision, place) => {
  if (id !== MONOTONIC) {
    return clock(id, precision, place);
  }
  const { user, system } = process.cpuUsage();
  const view = new DataView(instance.exports.memory.buffer);
  view.setBigUint64(place, BigInt(user + system) * 1000n, true);
  return 0;
};
const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(module)), imports);
process.exitCode = wasi.start(instance) ?? 0;
console.log(JSON.stringify({ peak_mib: process.resourceUsage().maxRSS / 1024 }));
