import type pg from "pg"

/**
 * Within the deletion of a user: from now on their subscription is to end and what they pay is to go back. A worker
 * sees to that at once, and again for every event that comes later. Whoever works on the customer loses the lease,
 * as they know them as a user.
 */
export async function closeCustomer(client: pg.ClientBase, userId: string): Promise<void> {
  await client.query(
    `UPDATE billing_customers SET closed_at = app_now(), sync_due_at = now(), failures = 0,
       attempt = attempt + 1, lease_until = NULL
     WHERE user_id = $1 AND closed_at IS NULL`,
    [userId],
  )
}

/**
 * Before the user's row goes: what is left of the payer is Stripe's id, for what may still be paid. One who was made
 * while the user was being deleted is closed here.
 */
export async function unlinkCustomer(client: pg.ClientBase, userId: string): Promise<void> {
  await client.query(
    `UPDATE billing_customers SET user_id = NULL, closed_at = coalesce(closed_at, app_now()),
       sync_due_at = CASE WHEN closed_at IS NULL THEN now() ELSE sync_due_at END
     WHERE user_id = $1`,
    [userId],
  )
}
