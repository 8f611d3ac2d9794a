/**
 * Runs the simulators that the parent asks for over IPC, all in this process: one for each would take some 30 MB more.
 * The parent sends `{ start, port, dataFile }` for each and gets `{ name, url }` once it listens, or `{ name, error }`
 * where it can't. A signal or the parent's end stops them.
 */
import { flushCompileCache } from "node:module"
import { CannotStart } from "./shared/command.ts"

/** Sent by `src/embedded/simulator.ts`, the only parent. */
interface Request {
  start: keyof typeof STARTS
  port: number
  dataFile?: string
}

interface Running {
  url: string
  close(): Promise<void>
}

const STARTS = {
  gemini: async ({ port }: Request): Promise<Running> => {
    const { startGeminiSimulator } = await import("./gemini/server.ts")
    return startGeminiSimulator({ port })
  },
  stripe: async ({ port, dataFile }: Request): Promise<Running> => {
    const { startStripeSimulator } = await import("./stripe/server.ts")
    return startStripeSimulator({ port, dataFile })
  },
}

const running: Running[] = []
let stopping = false

async function start(request: Request): Promise<void> {
  const { start: name } = request
  try {
    const simulator = await STARTS[name](request)
    running.push(simulator)
    process.send?.({ name, url: simulator.url })
  } catch (error) {
    if (!(error instanceof CannotStart)) throw error
    process.send?.({ name, error: error.message })
  }
  flushCompileCache() // otherwise written at exit only, so never when the process is killed
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  await Promise.all(running.map((simulator) => simulator.close()))
  process.exit(0)
}

for (const event of ["SIGTERM", "SIGINT", "disconnect"]) process.on(event, () => void stop())
process.on("message", (request) => void start(request as Request))
