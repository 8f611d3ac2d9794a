import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import type { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { onTestFinished } from "vitest"

/** The error of a call that must fail. */
export async function failed<Failure extends Error = Error & { status?: number }>(
  call: Promise<unknown>,
): Promise<Failure> {
  try {
    await call
  } catch (error) {
    return error as Failure
  }
  throw new Error("The call was expected to fail")
}

/** The path of a simulator's command. */
export function commandOf(name: "gemini" | "stripe"): string {
  return fileURLToPath(new URL(`../../simulators/${name}/main.ts`, import.meta.url))
}

/** Starts a simulator's command for the time of a test. */
export function launch(
  name: "gemini" | "stripe",
  args: string[] = [],
  env: Record<string, string> = {},
): ChildProcess {
  const child = fork(commandOf(name), args, { silent: true, env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill("SIGKILL"))
  return child
}

/** The same, once it listens. */
export async function start(...command: Parameters<typeof launch>) {
  const child = launch(...command)
  const [{ url }] = (await once(child, "message")) as [{ url: string }]
  return { child, url }
}

/** What a command prints, and its exit code. */
export async function outputOf(child: ChildProcess) {
  const [printed, [code]] = await Promise.all([text(child.stdout as Readable), once(child, "close")])
  return { printed, code: code as number | null }
}

/** All that an async iterable yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
