/// <reference lib="webworker" />
/**
 * Keeps the page's own files, so that it works without a network. The list is written in at build
 * time; a new build has another list, so another cache, and the old one is dropped.
 */

const worker = self as unknown as ServiceWorkerGlobalScope;
const FILES = "__PRECACHE__".split("\n");
const PREFIX = "rawsky-page-";

function listName(): string {
  let hash = 0;
  for (const file of FILES)
    for (let i = 0; i < file.length; i++) hash = (Math.imul(hash, 31) + file.charCodeAt(i)) >>> 0;
  return PREFIX + hash.toString(16);
}

async function install(): Promise<void> {
  const cache = await caches.open(listName());
  await cache.addAll(FILES.map((file) => new Request(file, { cache: "reload" })));
  await worker.skipWaiting();
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
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && new URL(request.url).origin === location.origin) event.respondWith(answer(request));
});
