/// <reference lib="webworker" />
/**
 * Keeps the page's own files, so that it works without a network: first those that a first picture
 * needs, the others when the page says that it is there. The lists are written in at build time; a new
 * build has other lists, so another cache, and the old one is dropped.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const FIRST = "__FIRST__".split("\n");
const LATER = "__LATER__".split("\n");
const PREFIX = "rawsky-page-";

function listName(): string {
  let hash = 0;
  for (const file of [...FIRST, ...LATER])
    for (let i = 0; i < file.length; i++) hash = (Math.imul(hash, 31) + file.charCodeAt(i)) >>> 0;
  return PREFIX + hash.toString(16);
}

async function keep(files: string[]): Promise<void> {
  const cache = await caches.open(listName());
  await cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));
}

async function install(): Promise<void> {
  await keep(FIRST);
  await worker.skipWaiting();
}

/** What is not kept yet of the others. */
async function keepTheRest(): Promise<void> {
  const cache = await caches.open(listName());
  const kept = await Promise.all(LATER.map((file) => cache.match(file)));
  await keep(LATER.filter((_, index) => kept[index] === undefined));
}

async function activate(): Promise<void> {
  const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== listName());
  await Promise.all(old.map((name) => caches.delete(name)));
  await worker.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(listName());
  const kept = await cache.match(request, { ignoreSearch: true, ignoreVary: true });
  return kept ?? fetch(request);
}

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("message", (event) => event.waitUntil(keepTheRest()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
