import type pg from "pg"

/** What a user must do to pay, Checkout pages by their id, and other products' customers on the same Stripe account. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Stripe's page of the invoice that is open; null where there is nothing to pay.
  "ALTER TABLE subscriptions ADD COLUMN action_url text",

  // The page that Stripe returns payers to looks its customer up by the session.
  `CREATE INDEX billing_customers_checkout_session ON billing_customers (checkout_session_id)
    WHERE checkout_session_id IS NOT NULL`,

  // Customers and disputes of other products, so that each of their events doesn't ask Stripe for its customer again.
  `CREATE TABLE billing_strangers (
    stripe_id text PRIMARY KEY,
    seen_at timestamptz(3) NOT NULL DEFAULT app_now()
  )`,
  "CREATE INDEX billing_strangers_seen_at ON billing_strangers (seen_at)",
]
