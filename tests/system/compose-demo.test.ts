import { expect, inject, test } from "vitest"
import { z } from "zod"
import { createHttp } from "../../tools/lib/http.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { readYaml } from "../deploy/kit.ts"
import { openTestStores, startProcess, testStack, walk } from "./kit.ts"

const Service = z.looseObject({
  command: z.array(z.string()).default(["node", "src/server.ts"]),
  environment: z.record(z.string(), z.string()).default({}),
})
const Demo = z.looseObject({
  services: z.looseObject({ demo: Service, "demo-gemini": Service, "demo-stripe": Service }),
})

test.skipIf(inject("redisUrl") === null)(
  "the commands of compose.yaml's demo make a service that replies and sells, without Docker",
  async () => {
    const stack = testStack()
    const { services } = Demo.parse(readYaml("compose.yaml")[0])
    const { databaseUrl, redisUrl } = await openTestStores(stack, "redis")
    const [port, gemini, stripe] = [await freePort(), await freePort(), await freePort()]
    /** In Docker each service has an address of its own, here a port. */
    const here = (text: string) =>
      text
        .replace(/^\$\{\w+:-\}$/, "")
        .replace("demo-gemini:3000", `127.0.0.1:${gemini}`)
        .replace("demo-stripe:3000", `127.0.0.1:${stripe}`)
        .replace("demo:3000", `127.0.0.1:${port}`)
        .replace(/localhost:\$\{STRIPE_PORT:-\d+\}/, `127.0.0.1:${stripe}`)
        .replace(/localhost:\$\{PORT:-\d+\}/, `127.0.0.1:${port}`)
    const start = ({ command, environment }: z.infer<typeof Service>, own: number, more = {}) => {
      const [, entry = "", ...args] = command.map((word) =>
        here(word).replace(/^(--port=)?3000$/, `$1${own}`),
      )
      const env = Object.entries(environment).map(([name, value]) => [name, here(value)])
      return startProcess(stack, { entry, args, env: { ...Object.fromEntries(env), ...more } })
    }
    await start(services["demo-gemini"], gemini)
    await start(services["demo-stripe"], stripe)
    const stores = { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl as string, PORT: String(port) }
    const demo = await start(services.demo, port, stores)
    await demo.answers(`http://127.0.0.1:${port}/health/ready`)

    const http = createHttp(`http://127.0.0.1:${port}`)
    const { token } = await walk(http)
    const checkout = await http.post("/subscribe/pro", undefined, { token })
    expect(checkout.body.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${stripe}/`))
    expect((await fetch(checkout.body.url)).status).toBe(200)
  },
)
