import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pg from "pg"
import { startEmbeddedPostgres } from "../../../src/embedded/postgres/index.ts"
import { freePort, startRedis } from "../../lib/redis-server.ts"
import { type Child, startMeasured } from "./child.ts"

export type Backend = "redis" | "embedded"

/** What all measures share: the stores and the simulated Gemini, each in its own process. */
export interface Machine {
  /** An empty folder that is removed at the end. */
  folder: string
  postgresUrl: string
  postgresPid: number
  /** null: no `redis-server` on the PATH. */
  redisUrl: string | null
  geminiUrl: string
  /** The process of the simulated Gemini. */
  gemini: Child
  /** Where processor profiles of the server are written, or null. */
  profileDir: string | null
}

export async function startMachine(stack: AsyncDisposableStack, profileDir: string | null): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), "chat-bench-"))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDir: folder })
  stack.defer(() => postgres.stop())
  const redisUrl = await startRedis(stack)
  const simulator = await startMeasured(
    "simulators/gemini/main.ts",
    { cwd: folder, args: ["--chunk-delay", "0"] },
    { message: (message) => (message as { url?: string }).url },
  )
  stack.defer(() => simulator.stop())
  return {
    folder,
    postgresUrl: postgres.url,
    postgresPid: postgres.pid,
    redisUrl,
    geminiUrl: simulator.message as string,
    gemini: simulator,
    profileDir,
  }
}

/** The real server with a database of its own, on one backend. */
export interface Site {
  machine: Machine
  backend: Backend
  pool: pg.Pool
  api: Child
  port: number
  url: string
  /** What the server and its floors find in their environment. */
  env: Record<string, string>
}

/** The usual site's is the first database, and each other one has its own. */
function redisUrlOf({ redisUrl }: Machine, name: string | undefined): string {
  if (name !== undefined) others.add(name)
  const number = name === undefined ? 0 : 1 + [...others].indexOf(name)
  return `${redisUrl}/${number}`
}

const others = new Set<string>()

/** The secret of a server that lives for a minute and listens on this machine only. */
const JWT_SECRET = "a secret for benchmarks, as long as it must be"
const ADMIN_TOKEN = "a-token-for-benchmarks-as-long-as-it-must-be"

export async function startSite(
  stack: AsyncDisposableStack,
  machine: Machine,
  backend: Backend,
  { name, role = "api" }: { name?: string; role?: "api" | "all" } = {},
): Promise<Site> {
  const suffix = name === undefined ? "" : `_${name}`
  const databaseUrl = await createDatabase(machine.postgresUrl, `bench_${backend}${suffix}`)
  const env = {
    LOG_LEVEL: "info",
    DATA_DIR: machine.folder,
    DATABASE_URL: databaseUrl,
    ...(backend === "redis" ? { REDIS_URL: redisUrlOf(machine, name) } : {}),
    JWT_SECRET,
    ADMIN_TOKEN,
    GEMINI_API_KEY: "simulated",
    GEMINI_BASE_URL: machine.geminiUrl,
    // Limits are counted and never reached.
    RATE_LIMIT_SCALE: "100000",
    STREAMS_PER_USER: "10000",
    OTP_DAILY_PER_NUMBER: "1000000",
    OTP_DAILY_PER_PREFIX: "1000000",
    OTP_DAILY_PER_ADDRESS: "1000000",
    OTP_DAILY_TOTAL: "1000000",
  }
  const { api, port, url } = await startApi(machine, env, role)
  stack.defer(() => api.stop())
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2 })
  // When the benchmark is stopped, PostgreSQL goes before its clients.
  pool.on("error", () => undefined)
  stack.defer(() => pool.end())
  return { machine, backend, pool, api, port, url, env }
}

export interface Api {
  api: Child
  port: number
  url: string
}

/** Starts another API process of a site's. */
export async function startApi(
  { folder, profileDir }: Machine,
  env: Record<string, string>,
  role: "api" | "all",
  nodeFlags: string[] = [],
): Promise<Api> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const profile = profileFlags(profileDir)
  const serverEnv = { ...env, ROLE: role, PORT: String(port) }
  const options = { cwd: folder, env: serverEnv, nodeFlags: [...nodeFlags, ...profile] }
  return { api: await startMeasured("src/server.ts", options, { answers: `${url}/health/live` }), port, url }
}

/** Starts a worker beside the API and waits until the API knows it. */
export async function startWorker({ machine, env, url }: Site): Promise<Child> {
  const options = { cwd: machine.folder, env, nodeFlags: profileFlags(machine.profileDir) }
  return startMeasured("src/worker.ts", options, { answers: `${url}/health/ready` })
}

function profileFlags(dir: string | null): string[] {
  return dir ? ["--cpu-prof", `--cpu-prof-dir=${dir}`] : []
}

/** A floor that runs until it is disposed of. */
export interface FloorProcess extends AsyncDisposable {
  process: Child
  port: number
}

/** Starts one of `floors`, which sends its port when it listens. */
export async function startFloor(
  { machine, env }: Site,
  name: string,
  more: Record<string, string> = {},
): Promise<FloorProcess> {
  const options = { cwd: machine.folder, env: { ...env, ...more } }
  const floor = await startMeasured(`tools/bench/floors/${name}.ts`, options, {
    message: (message) => (message as { port?: number }).port,
  })
  return {
    process: floor,
    port: floor.message as number,
    [Symbol.asyncDispose]: () => floor.stop(),
  }
}

async function createDatabase(postgresUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return url.href
}
