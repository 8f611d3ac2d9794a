import type pg from "pg"

/**
 * Closes the customer of a user who is being deleted: from now on subscriptions are cancelled and payments refunded. A
 * worker enforces that at once, and again at every later event. The current lease is revoked, because its holder still
 * takes the customer for an active user.
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
 * Unlinks the customer before the user's row is deleted. Stripe's id is kept to refund late payments, and to delete the
 * customer at Stripe once none can come. A customer that
 * was created during the deletion is closed here.
 */
export async function unlinkCustomer(client: pg.ClientBase, userId: string): Promise<void> {
  await client.query(
    `UPDATE billing_customers SET user_id = NULL, closed_at = coalesce(closed_at, app_now()),
       sync_due_at = CASE WHEN closed_at IS NULL THEN now() ELSE sync_due_at END
     WHERE user_id = $1`,
    [userId],
  )
}
