import { expect, test } from "vitest"
import { createClient } from "../../tools/lib/client.ts"
import { createRandom } from "../../tools/lib/random.ts"
import { freePort } from "../../tools/lib/redis-server.ts"
import { until } from "../../tools/lib/until.ts"
import { newUser, openDatabase, startProcess, testStack } from "./kit.ts"

test("the first Ctrl-C is acknowledged at once, the second doesn't wait for the reply", async ({
  signal,
}) => {
  const stack = testStack()
  const url = `http://127.0.0.1:${await freePort()}`
  const env = { DATABASE_URL: await openDatabase(stack), PORT: new URL(url).port, GEMINI_API_KEY: "" }
  const server = await startProcess(stack, { entry: "src/server.ts", env })
  await server.answers(`${url}/health/ready`)
  const client = createClient([url], createRandom(1), signal)
  const token = await (await newUser(client)).token()
  const room = await client.post("/chatroom", {}, { token })
  await client.post(`/chatroom/${room.body.id}/message`, { message: "[[gemini: stall]]" }, { token })
  await server.printed('"event":"reply_started"')

  process.kill(server.pid, "SIGINT")
  await server.printed("Stopping …; Ctrl-C again ends at once.")
  // What follows within half a second is the same Ctrl-C, passed on by npm.
  const isOver = () => !server.isAlive() || !process.kill(server.pid, "SIGINT")
  await until("the process has ended", isOver)
  // 0 would be the end of a graceful stop.
  expect(await server.ended).toEqual({ code: 1, signal: null })
})
