import type pg from "pg"

/** When the Stripe customer of a deleted user was deleted, too. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  "ALTER TABLE billing_customers ADD COLUMN deleted_at timestamptz(3)",
  // Those who were closed before are looked at once more, which decides when they go.
  `UPDATE billing_customers SET sync_due_at = now()
   WHERE closed_at IS NOT NULL AND stripe_id IS NOT NULL AND sync_due_at IS NULL`,
]
