import { expect, test } from "vitest"
import { expectProblem } from "../helpers/answers.ts"
import { ask, createRoom } from "../helpers/chat.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"

/** Production before its Stripe account exists. */
const app = useTestApp({ config: { stripe: { enabled: false } } })
const ann = useUser(app)

test("without a Stripe account nothing is sold, and everything else works", async () => {
  expectProblem(await ann.http.post("/subscribe/pro", {}), 503, "billing_unavailable")
  expectProblem(await ann.http.post("/subscription/portal", {}), 503, "billing_unavailable")
  expectProblem(await app.http.post("/webhook/stripe", { id: "evt_1" }), 503, "billing_unavailable")
  const status = await ann.http.get("/subscription/status")
  expect(status).toMatchObject({ status: 200, body: { tier: "basic" } })
  const reply = await ask(app, ann, await createRoom(app, ann), "Hello?")
  expect(reply).toMatchObject({ status: "completed" })
  await expect
    .poll(async () => (await app.http.get("/health/ready")).body)
    .toMatchObject({ status: "ready", billing: "off" })
})
