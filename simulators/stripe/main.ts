import { runCommand } from "../shared/command.ts"
import { startStripeSimulator } from "./server.ts"

const help = `Simulates the Stripe API over HTTP.

  node simulators/stripe/main.ts [--port N] [--host H] [--data FILE] [--webhook-url URL] [--public-url URL] [--help]

  --port N           port to listen on; a free one by default
  --host H           address to listen on; 127.0.0.1 by default
  --data FILE        file that keeps the state across restarts; none by default
  --webhook-url URL  where events go, signed with the secret in STRIPE_WEBHOOK_SECRET
  --public-url URL   where browsers reach the pages of Checkout and portal; the address it listens on by default
  --help             this text

No money moves. What can be done beside the API is in README.md beside this file.
`

await runCommand({
  name: "Stripe",
  help,
  flags: ["data", "webhook-url", "public-url"],
  start: (listen, { data, "webhook-url": url, "public-url": publicUrl }) =>
    startStripeSimulator({ ...listen, dataFile: data, webhook: webhook(url), publicUrl }),
})

function webhook(url?: string) {
  if (url === undefined) return undefined
  const secret = process.env.STRIPE_WEBHOOK_SECRET
  if (!secret) throw new TypeError("--webhook-url needs the variable STRIPE_WEBHOOK_SECRET")
  return { url, secret }
}
