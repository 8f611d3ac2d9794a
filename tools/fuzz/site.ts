import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { type Child, startChild } from "../lib/child.ts"
import { freePort, startRedis } from "../lib/redis-server.ts"
import { openFolder } from "../lib/stores.ts"

export interface Site {
  url: string
  adminToken: string
  /** What Stripe would sign its events with. */
  webhookSecret: string
  server: Child
  /** Where everything that the server logs is kept, when something went wrong. */
  logFile: string
}

/** A server in a process of its own, with stores of its own. It ends with `stack`. */
export async function startSite(
  stack: AsyncDisposableStack,
  backend: "embedded" | "redis",
  isLogKept: () => boolean,
): Promise<Site> {
  const folder = await openFolder(stack, isLogKept)
  const redisUrl = backend === "redis" ? await startRedis(stack) : null
  if (backend === "redis" && !redisUrl) throw new Error("There is no redis-server on the PATH.")
  const port = await freePort()
  const adminToken = "a-token-for-the-fuzzer-as-long-as-it-must-be"
  const dataDir = join(folder, "postgres")
  const logFile = join(folder, "server.log")
  const server = startChild({
    entry: "tools/fuzz/server.ts",
    cwd: folder,
    logFile,
    env: {
      PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: "warn",
      ADMIN_TOKEN: adminToken,
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      ...LIMITS,
    },
  })
  stack.defer(async () => void (await server.kill("SIGTERM")))
  const url = `http://127.0.0.1:${port}`
  await server.answers(`${url}/health/ready`)
  // The server has made one for its simulated Stripe.
  const webhookSecret = (await readFile(join(dataDir, "stripe-webhook-secret"), "utf8")).trim()
  return { url, adminToken, webhookSecret, server, logFile }
}

/** A run is about answers, not about limits; of the prompts' one some are to be over it. */
const LIMITS = {
  RATE_LIMIT_SCALE: "1000000",
  BASIC_DAILY_PROMPTS: "4",
  STREAMS_PER_USER: "1000",
  OTP_DAILY_PER_NUMBER: "1000000",
  OTP_DAILY_PER_PREFIX: "1000000",
  OTP_DAILY_PER_ADDRESS: "1000000000",
  OTP_DAILY_TOTAL: "1000000000",
}
