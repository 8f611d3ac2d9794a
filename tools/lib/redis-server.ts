import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { Redis } from "ioredis"

/** Enough for every test file's own database number. */
const DATABASES = 4096

/**
 * Starts the machine's `redis-server` on a free port, in memory only. It is stopped with `stack`.
 * @returns its URL, or null where there is no such program
 */
export async function startRedis(stack: AsyncDisposableStack): Promise<string | null> {
  const port = await freePort()
  const server = await spawnRedis(port)
  if (!server) return null
  stack.defer(async () => {
    server.kill("SIGKILL")
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit")
  })
  const url = `redis://127.0.0.1:${port}`
  await untilReady(url)
  return url
}

/** @returns the process, or null where `redis-server` isn't on the PATH */
export async function spawnRedis(port: number, ...more: (string | number)[]): Promise<ChildProcess | null> {
  const flags = [
    "--port",
    port,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
    "--databases",
    DATABASES,
    ...more,
  ]
  const server = spawn("redis-server", flags.map(String), { stdio: "ignore" })
  const started = await Promise.race([
    once(server, "spawn").then(() => true),
    once(server, "error").then(() => false),
  ])
  return started ? server : null
}

/** Resolves when the Redis at `url` answers. */
export async function untilReady(url: string): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on("error", () => undefined)
  await client.ping()
  client.disconnect()
}

/** Below what systems give out by themselves, so that no connection and no other server takes a port meanwhile. */
const LOWEST_PORT = 15_000
const PORTS = 17_000

/** Each process begins somewhere else, so that two of them don't find the same one free. */
let next = (process.pid * 211) % PORTS

/** A port of 127.0.0.1 where nobody listens; another one at each call. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + next
    next = (next + 1) % PORTS
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1")
  try {
    await once(server, "listening")
  } catch {
    return false
  }
  server.close()
  await once(server, "close")
  return true
}
