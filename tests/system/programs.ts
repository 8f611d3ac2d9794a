import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import pg from "pg"
import { onTestFinished } from "vitest"
import { isAlive } from "../../src/embedded/postgres/processes.ts"
import { MINUTE } from "../../src/utils/time.ts"
import { until } from "../../tools/lib/until.ts"

/** This working tree. */
export const ROOT = resolve(import.meta.dirname, "../..")

/** The path of a program in `fixtures`. */
export const fixture = (name: string) => join(import.meta.dirname, "fixtures", name)

/** Creates a folder that is removed after the test, or by another of Vitest's hooks. */
export function testFolder(hook: (remove: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), "embedded-"))
  chmodSync(folder, 0o755)
  hook(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
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

/** Starts a Node program and collects what it prints. Killed at the end of the test if it still runs. */
export function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const lines: string[] = []
  let errors = ""
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line))
  child.stderr.on("data", (data) => (errors += data))
  return {
    child,
    lines,
    errors: () => errors,
    /** The first line that starts so. */
    line: (start: string) =>
      until(`"${start}" is printed`, () => lines.find((line) => line.startsWith(start)), {
        timeoutMs: MINUTE,
      }),
    ended: once(child, "close").then(([code, signal]) => ({ code, signal })),
  }
}

/** An application instance of its own on the data folder. */
export async function holdPostgres(dataDir: string) {
  const program = run([fixture("hold-postgres.ts"), dataDir])
  const { pid, port } = JSON.parse(await program.line("{")) as { pid: number; port: number }
  return { program, pid, port }
}
