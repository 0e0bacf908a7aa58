// Runs one job under Node as the sandbox does: a folder with job.json and inputs, a folder for
// products and record.json.
//
//   node run.mjs MODULE IN OUT module       the browser module with its glue
//   node run.mjs MODULE IN OUT wasi SEED    the guest under Node's WASI; random numbers from SEED

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { WASI } from "node:wasi";

const REFUSED = 30;
const [path, input, output, mode, seed] = process.argv.slice(2);

function asModule() {
  const { execute } = createRequire(import.meta.url)(path);
  const files = new Map();
  for (const entry of readdirSync(input, { recursive: true, withFileTypes: true })) {
    const name = join(entry.parentPath ?? entry.path, entry.name);
    const key = relative(input, name).replaceAll("\\", "/");
    if (entry.isFile() && key !== "job.json") {
      files.set(key, new Uint8Array(readFileSync(name)));
    }
  }
  try {
    const { record, products } = execute(readFileSync(join(input, "job.json"), "utf8"), files);
    for (const [key, bytes] of products) {
      writeFileSync(join(output, key), bytes);
    }
    writeFileSync(join(output, "record.json"), JSON.stringify(record));
    return 0;
  } catch (error) {
    const detail = error.detail ?? String(error.stack ?? error);
    writeFileSync(join(output, "record.json"), JSON.stringify({ error: detail }));
    return REFUSED;
  }
}

function asWasi() {
  const preopens = { "/in": input, "/out": output };
  const wasi = new WASI({ version: "preview1", args: ["rawsky-guest"], env: {}, preopens });
  const imports = wasi.getImportObject();
  let state = Number(seed) | 1;
  imports.wasi_snapshot_preview1.random_get = (start, length) => {
    const bytes = new Uint8Array(instance.exports.memory.buffer, start, length);
    for (let i = 0; i < length; i += 1) {
      // xorshift32 (Marsaglia 2003).
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = state;
    }
    return 0;
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(path)), imports);
  return wasi.start(instance) ?? 0;
}

process.exitCode = mode === "wasi" ? asWasi() : asModule();
