import { once } from "node:events"
import { Agent, request } from "node:http"
import { expect, test } from "vitest"
import { signIn, startTestApp } from "../helpers/app.ts"
import { createRoom } from "../helpers/chat.ts"

test("an answer that is given while the server stops is the last on its connection, and says so", async () => {
  const app = await startTestApp({ timing: { shutdown: { requestsMs: 200, repliesMs: 200 } } })
  const user = await signIn(app)
  const room = await createRoom(app, user)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const headers = {
    Authorization: `Bearer ${user.token}`,
    "Content-Type": "application/json",
    Prefer: "wait=20",
  }
  const sent = request(`${app.url}/chatroom/${room.id}/message`, { method: "POST", agent, headers })
  const answered = once(sent, "response")
  sent.end(JSON.stringify({ message: "[[gemini: stall after=1]]" }))
  await expect.poll(() => app.gemini.calls().length).toBe(1)
  await app.close()
  const [response] = await answered
  expect([response.statusCode, response.headers.connection]).toEqual([202, "close"])
  agent.destroy()
})
