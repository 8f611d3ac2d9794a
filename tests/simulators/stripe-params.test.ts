import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { PRO_PRICE } from "../../simulators/stripe/server.ts"
import { useStripe } from "./stripe-kit.ts"

const { simulator, subscriber } = await useStripe()

const RESOURCES = join(import.meta.dirname, "../../node_modules/stripe/esm/resources")

/** The parameters that the SDK's types have of an interface, such as `SessionCreateParams`, or of one inside of it. */
function paramsOf(file: string, path: string): string[] {
  const lines = readFileSync(join(RESOURCES, `${file}.d.ts`), "utf8").split("\n")
  const names = path.split(".")
  let at = -1
  for (const [depth, name] of names.entries()) {
    const kind = depth < names.length - 1 ? "namespace" : "interface"
    const isIt = new RegExp(`\\b${kind} ${name}\\b.*\\{$`)
    at = lines.findIndex((line, n) => n > at && isIt.test(line))
    expect(at, `${path} in ${file}`).toBeGreaterThan(-1)
  }
  const indent = /^ */.exec(lines[at] ?? "")?.[0].length ?? 0
  const end = lines.findIndex((line, n) => n > at && line === `${" ".repeat(indent)}}`)
  const key = new RegExp(`^ {${indent + 4}}(\\w+)\\??:`)
  return lines.slice(at, end).flatMap((line) => key.exec(line)?.[1] ?? [])
}

const BASE = {
  checkout: `mode=subscription&success_url=http://x.test/&line_items[0][price]=${PRO_PRICE}`,
  subscription: `items[0][price]=${PRO_PRICE}`,
}

/** Path, file and interface of the SDK, what is needed in any case, and the key that the parameters are below. */
const CALLS: [path: string, file: string, name: string, base?: string, below?: string][] = [
  ["checkout/sessions", "Checkout/Sessions", "SessionCreateParams", BASE.checkout],
  [
    ...(["checkout/sessions", "Checkout/Sessions", "SessionCreateParams.SubscriptionData"] as const),
    ...([BASE.checkout, "subscription_data"] as const),
  ],
  ["subscriptions", "Subscriptions", "SubscriptionCreateParams", BASE.subscription],
  ["subscriptions/:id", "Subscriptions", "SubscriptionUpdateParams"],
  ["customers", "Customers", "CustomerCreateParams"],
  ["customers/:id", "Customers", "CustomerUpdateParams"],
  ["coupons", "Coupons", "CouponCreateParams", "percent_off=5"],
  [
    "promotion_codes",
    "PromotionCodes",
    "PromotionCodeCreateParams",
    "promotion[type]=coupon&promotion[coupon]=x",
  ],
  ["products", "Products", "ProductCreateParams", "name=x"],
  ["prices", "Prices", "PriceCreateParams", "unit_amount=1&currency=usd"],
  ["refunds", "Refunds", "RefundCreateParams"],
  ["billing_portal/sessions", "BillingPortal/Sessions", "SessionCreateParams"],
  [
    "billing_portal/configurations",
    "BillingPortal/Configurations",
    "ConfigurationCreateParams",
    "features[invoice_history][enabled]=true",
  ],
  [
    ...(["billing_portal/configurations", "BillingPortal/Configurations"] as const),
    ...([
      "ConfigurationCreateParams.Features.SubscriptionUpdate",
      "features[subscription_update][enabled]=true",
      "features[subscription_update]",
    ] as const),
  ],
  [
    "webhook_endpoints",
    "WebhookEndpoints",
    "WebhookEndpointCreateParams",
    "url=http://x.test/&enabled_events[0]=*",
  ],
]

test.each(CALLS)(
  "no parameter of POST /v1/%s (%s, %s) is unknown",
  async (path, file, name, base = "", below) => {
    const { customer, subscription } = await subscriber()
    const at = path.replace(":id", path.startsWith("subscriptions") ? subscription : customer)
    const needed =
      path === "subscriptions" || path === "billing_portal/sessions" ? `${base}&customer=${customer}` : base
    const params = paramsOf(file, name).filter((param) => param !== "expand")
    expect(params.length).toBeGreaterThan(1)
    const unknown: string[] = []
    for (const param of params) {
      const key = below ? `${below}[${param}]` : param
      const body = `${needed}&${key}=x`
      const headers = { authorization: "Bearer sk_test_x" }
      const response = await fetch(`${simulator.url}/v1/${at}`, { method: "POST", headers, body })
      const { error } = (await response.json()) as { error?: { code?: string } }
      if (error?.code === "parameter_unknown") unknown.push(param)
    }
    expect(unknown).toEqual([])
  },
)
