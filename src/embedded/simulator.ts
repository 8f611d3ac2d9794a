import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { SECOND } from "../utils/time.ts"

const START_WITHIN_MS = 10 * SECOND

export interface Simulator {
  url: string
  pid: number
  stop(): Promise<void>
}

/**
 * Runs `simulators/<name>` as a process of its own: to this program it is a base URL, like what it stands for. It
 * ends with its parent, however that ends, because it watches the channel between them.
 */
export async function startSimulator(
  name: "gemini" | "stripe",
  { port = 0, args = [] }: { port?: number; args?: string[] } = {},
): Promise<Simulator> {
  const entry = fileURLToPath(new URL(`../../simulators/${name}/main.ts`, import.meta.url))
  // Not in our process group, so that Ctrl-C reaches us first and the replies under way can finish.
  const child = spawn(process.execPath, [entry, "--port", String(port), ...args], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    detached: true,
  })
  child.unref()
  const { url } = await firstMessage(child, name)
  child.channel?.unref()
  return {
    url,
    pid: child.pid as number,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill("SIGTERM")
      await once(child, "exit")
    },
  }
}

async function firstMessage(child: ChildProcess, name: string): Promise<{ url: string }> {
  const signal = AbortSignal.timeout(START_WITHIN_MS)
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`The ${name} simulator ended before it was ready.`)
  })
  const [message] = await Promise.race([once(child, "message", { signal }), ended])
  return message as { url: string }
}
