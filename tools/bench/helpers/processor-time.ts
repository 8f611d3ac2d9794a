import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { askRedis } from "../../lib/redis-server.ts"
import type { Child } from "./child.ts"
import type { Site } from "./site.ts"

/** Who spends processor time. `others`: this program as the client, and the simulated Gemini. */
export const PARTS = ["API", "worker", "PostgreSQL", "Redis", "others"] as const
export type Part = (typeof PARTS)[number]
/** Milliseconds of a processor. */
export type Costs = Record<Part, number>

/** Reads what each part has used so far. On another system than Linux PostgreSQL counts as nothing. */
export async function readCosts({ machine, api, backend }: Site, worker: Child): Promise<Costs> {
  const [apiMs, workerMs, geminiMs] = await Promise.all(
    [api, worker, machine.gemini].map(async (child) => (await child.usage()).cpuMs),
  )
  const { client, ...stores } = await readSharedCosts({ machine, backend })
  return {
    API: apiMs as number,
    worker: workerMs as number,
    ...stores,
    others: (geminiMs as number) + client,
  }
}

/** Of what serves ours and the floor alike, in milliseconds. `client`: this program. */
export interface SharedCosts {
  PostgreSQL: number
  Redis: number
  client: number
}

/** Reads what each of these has used so far. */
export async function readSharedCosts({
  machine,
  backend,
}: Pick<Site, "machine" | "backend">): Promise<SharedCosts> {
  const { user, system } = process.cpuUsage()
  return {
    PostgreSQL: postgresMs(machine.folder),
    Redis: backend === "redis" ? await redisMs(machine.redisUrl as string) : 0,
    client: (user + system) / 1000,
  }
}

export function mapCosts(make: (part: Part) => number): Costs {
  return Object.fromEntries(PARTS.map((part) => [part, make(part)])) as Costs
}

export const sumOf = (costs: Costs) => PARTS.reduce((sum, part) => sum + costs[part], 0)

async function redisMs(url: string): Promise<number> {
  const info = await askRedis(url, (client) => client.info("cpu"))
  const seconds = [...info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm)].map(([, value]) => Number(value))
  return 1000 * seconds.reduce((sum, value) => sum + value, 0)
}

/** Linux counts in hundredths of a second: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICK_MS = 10

/** The postmaster's time with that of its children: those that run, and those that have ended. */
function postgresMs(folder: string): number {
  if (process.platform !== "linux") return 0
  const pid = Number(
    readFileSync(join(folder, "postgres", "cluster", "postmaster.pid"), "utf8").split("\n", 1)[0],
  )
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (statOf(name) ?? []) : []))
  const postmaster = all.find((stat) => stat.pid === pid)
  const children = all.filter((stat) => stat.parent === pid)
  const own = children.reduce((sum, { ms }) => sum + ms, 0)
  return own + (postmaster ? postmaster.ms + postmaster.endedMs : 0)
}

function statOf(name: string) {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, "utf8")
    // "pid (name) state parent …", and the name may hold spaces and brackets
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    const ticks = (first: number) => TICK_MS * (Number(fields[first]) + Number(fields[first + 1]))
    return { pid: Number(name), parent: Number(fields[1]), ms: ticks(11), endedMs: ticks(13) }
  } catch {
    return null
  }
}
