import { beforeAll, expect, test } from "vitest"
import { startTestApp } from "../helpers/app.ts"
import { useTestApp, useUser } from "../helpers/use-app.ts"
import { subscribe } from "./kit.ts"

const app = useTestApp({ stripe: true, worker: false })
const ann = useUser(app)
beforeAll(async () => {
  await subscribe(app, ann)
})

/** Asks a process with this configuration for the portal. */
async function openPortal(portalConfiguration: string | null) {
  await using other = await startTestApp({
    beside: app,
    worker: false,
    config: { stripe: { portalConfiguration } },
  })
  return await other.http.post("/subscription/portal", undefined, { token: ann.token })
}

test("the portal is that of STRIPE_PORTAL_CONFIGURATION", async () => {
  const { id } = await app.ctx.stripe.billingPortal.configurations.create({
    features: { invoice_history: { enabled: true } },
  })
  expect((await openPortal(id)).status).toBe(200)
  expect((await openPortal(null)).status).toBe(200)
  const sessions = app.stripe.events().filter(({ type }) => type === "billing_portal.session.created")
  expect(sessions.map(({ data }) => data.object)).toMatchObject([
    { configuration: id },
    { configuration: expect.not.stringMatching(id) },
  ])
})

test("one that isn't there is a fault of ours, not of the user", async () => {
  expect(await openPortal("bpc_missing")).toMatchObject({ status: 503, body: { code: "unavailable" } })
})
