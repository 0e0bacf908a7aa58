import { defineConfig, type Plugin } from "vite";

/** Nothing but this page's own files: what is dropped on it cannot leave. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** The policy stands in the built page only: the development server injects styles. */
function contentSecurityPolicy(): Plugin {
  return {
    name: "content-security-policy",
    apply: "build",
    transformIndexHtml: () => [
      {
        tag: "meta",
        attrs: { "http-equiv": "Content-Security-Policy", content: CONTENT_SECURITY_POLICY },
        injectTo: "head-prepend",
      },
    ],
  };
}

/** Files that a first picture does not need: the other parts of the engine, the focal plane, the invented numbers,
 * and the parts of the page that are shown when they are asked for. */
const LATER = /rawsky_web|rawsky_rest|whole|mosaic|mock|lesson|Dialog|Plot|formulas|Legend|Chart|search|object|(Masters|Header|Exposure|Photometry|Region)Panel|openLink|share|StarTable/i;

/** What every screen needs is one file: each file more is compressed by itself. */
const BASE = {
  name: "base",
  test: /node_modules\/(preact|@preact)|preload-helper|src\/(state\/(bench|view|source|paths|undo|run|actions|preferences|autocuts)|ui\/(dock|latest|Spoken|format|download)|engine\/(protocol|create|calls))\.ts/,
};

/** Tells the service worker which files make up the page, so that it can keep them all. */
function precacheList(): Plugin {
  return {
    name: "precache-list",
    apply: "build",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const files = Object.keys(bundle).filter((name) => name !== "sw.js");
      const first = ["./", "manifest.webmanifest", "icon.svg", ...files.filter((name) => !LATER.test(name))];
      const inCode = (list: string[]) => JSON.stringify(list.join("\n")).slice(1, -1);
      worker.code = worker.code.replace("__FIRST__", inCode(first));
      worker.code = worker.code.replace("__LATER__", inCode(files.filter((name) => LATER.test(name))));
    },
  };
}

export default defineConfig({
  // The page may be served from any folder of any static host.
  base: "./",
  plugins: [contentSecurityPolicy(), precacheList()],
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { main: "index.html", sw: "src/sw.ts" },
      output: {
        codeSplitting: { groups: [BASE] },
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es" },
});
