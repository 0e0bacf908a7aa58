import type { Engine } from "./protocol";

/** The module that talks to the WebAssembly engine, once it is there. */
const clients = import.meta.glob<{ createClient(): Engine | Promise<Engine> }>("./client.ts");

/** The engine of this page; `?engine=mock` asks for the one that invents its numbers. */
export async function createEngine(): Promise<Engine> {
  const wanted = new URLSearchParams(location.search).get("engine");
  const client = clients["./client.ts"];
  if (client && wanted !== "mock") return (await client()).createClient();
  const { MockEngine } = await import("./mock");
  return new MockEngine();
}
