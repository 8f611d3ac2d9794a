import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { rm } from "node:fs/promises"
import { createServer } from "node:net"
import { join } from "node:path"
import { Redis } from "ioredis"

/** Enough for every test file's own database number. */
const DATABASES = 4096

/** A Redis, in memory only unless it is told to save, that may be hurt. */
export type RedisServer = Awaited<ReturnType<typeof startServer>>

/** Whether the machine has a Redis to start. */
export function hasRedisServer(): boolean {
  return spawnSync("redis-server", ["--version"]).status === 0
}

/**
 * Starts the machine's `redis-server` on a free port. It is stopped with `stack`.
 * @returns its URL, or null where there is no such program
 */
export async function startRedis(stack: AsyncDisposableStack): Promise<string | null> {
  return hasRedisServer() ? (await openRedis(stack)).url : null
}

/** Starts a Redis that ends with `stack`, and with this process. @throws where there is no `redis-server` to start */
export async function openRedis(stack: AsyncDisposableStack, ...more: (string | number)[]) {
  const port = await freePort()
  const flags = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", DATABASES]
  return startServer(stack, port, ["--port", port, ...flags, ...more])
}

/** Starts a Sentinel by its configuration, a file that says where it listens and that it writes to. */
export function openSentinel(stack: AsyncDisposableStack, port: number, file: string) {
  return startServer(stack, port, [file, "--sentinel"])
}

async function startServer(stack: AsyncDisposableStack, port: number, args: (string | number)[]) {
  const url = `redis://127.0.0.1:${port}`
  let server: ChildProcess | undefined
  const kill = async () => {
    // SIGKILL ends a frozen one too.
    server?.kill("SIGKILL")
    if (server?.exitCode === null && server.signalCode === null) await once(server, "exit")
  }
  const start = async () => {
    const starting = spawn("redis-server", args.map(String), { stdio: "ignore" })
    await once(starting, "spawn").catch((cause) => {
      throw new Error("There is no redis-server on the PATH.", { cause })
    })
    server = starting
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
    port,
    url,
    /** `kill -9`: everything in it is lost. */
    kill,
    /** Starts it again on the same port. */
    start,
    /** From here on it answers nobody; connections stay open. */
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    /** SAVE: a start from here on begins with this content, while the file is in its folder. */
    save: () => askRedis(url, async (client) => void (await client.save())),
    /** Removes what was saved. */
    forget: () => askRedis(url, async (client) => rm(await dumpOf(client), { force: true })),
    /** Gives it no memory for anything more, or as much as it wants again. */
    fill: (isFull: boolean) =>
      askRedis(url, async (client) => void (await client.config("SET", "maxmemory", isFull ? "1" : "0"))),
    /** FLUSHALL. */
    flush: () => askRedis(url, async (client) => void (await client.flushall())),
  }
}

async function dumpOf(client: Redis): Promise<string> {
  const [[, folder = ""], [, file = ""]] = await Promise.all([
    client.config("GET", "dir") as Promise<[string, string]>,
    client.config("GET", "dbfilename") as Promise<[string, string]>,
  ])
  return join(folder, file)
}

/** Asks the Redis at `url` over a connection of its own. */
export async function askRedis<T>(url: string, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url)
  try {
    return await ask(client)
  } finally {
    client.disconnect()
  }
}

/** Resolves when the Redis at `url` answers. */
async function untilReady(url: string): Promise<void> {
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
