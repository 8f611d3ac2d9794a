import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import pg from "pg"
import { onTestFinished } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { until } from "../../tools/lib/until.ts"

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "embedded-"))
  chmodSync(folder, 0o755)
  return folder
}

/** A folder that goes with the test. */
export function testFolder(): string {
  const folder = tempFolder()
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

export async function gone(pid: number): Promise<void> {
  await until(`process ${pid} is gone`, () => !isAlive(pid), { timeoutMs: MINUTE })
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

export type Program = {
  child: ChildProcess & { pid: number }
  lines: string[]
  errors: () => string
  /** The first line that starts so. */
  line: (start: string) => Promise<string>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** Starts a Node program and collects what it prints. Killed at the end of the test if it still runs. */
export function run(args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  const lines: string[] = []
  let errors = ""
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line))
  child.stderr.on("data", (data) => {
    errors += data
  })
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }))
  onTestFinished(() => {
    child.kill("SIGKILL")
  })
  const line = async (start: string) => {
    const find = () => lines.find((line) => line.startsWith(start))
    await until(`"${start}" is printed`, find, { timeoutMs: MINUTE })
    return find() ?? ""
  }
  return { child: child as Program["child"], lines, errors: () => errors, line, ended }
}

/** An application instance of its own on the data folder. */
export async function holdPostgres(dataDir: string) {
  const program = run([fileURLToPath(new URL("./fixtures/hold-postgres.ts", import.meta.url)), dataDir])
  const { pid, port } = JSON.parse(await program.line("{")) as { pid: number; port: number }
  return { program, pid, port }
}
