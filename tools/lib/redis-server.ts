import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import { Redis } from "ioredis"

/** Enough for every test file's own database number. */
const DATABASES = 4096

/** A Redis, in memory only, that may be hurt. */
export interface RedisServer {
  url: string
  /** `kill -9`: everything in it is lost. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
  /** From here on it answers nobody; connections stay open. */
  freeze(): void
  thaw(): void
  /** FLUSHALL. */
  flush(): Promise<void>
}

/** Whether the machine has a Redis to start. */
export function hasRedisServer(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0
}

/** Starts a Redis that ends with `stack`. @returns its URL, or null where the machine has no `redis-server` */
export async function startRedis(stack: AsyncDisposableStack): Promise<string | null> {
  return hasRedisServer() ? (await openRedis(stack)).url : null
}

/** Starts a Redis that ends with `stack`. @throws where there is no `redis-server` to start */
export async function openRedis(stack: AsyncDisposableStack): Promise<RedisServer> {
  const port = await freePort()
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  const kill = async () => {
    // SIGKILL ends a frozen one too.
    server?.kill("SIGKILL")
    if (server?.exitCode === null && server.signalCode === null) await once(server, "exit")
  }
  const start = async () => {
    const started = await spawnRedis(port)
    if (!started) throw new Error("There is no redis-server on the PATH; use --backend postgres.")
    server = started
    await untilReady(url)
  }
  const killAtExit = () => server?.kill("SIGKILL")
  process.on("exit", killAtExit)
  stack.defer(async () => {
    await kill()
    process.off("exit", killAtExit)
  })
  await start()
  return {
    url,
    kill,
    start,
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    flush: () => flush(url),
  }
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url)
  try {
    await client.flushall()
  } finally {
    client.disconnect()
  }
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
