import type pg from "pg"

/**
 * Sign-ups of numbers that no code has proven yet. The user is made by the first code. One row per number and address:
 * the name that becomes the user's is the one that was sent from where the code comes from, whoever else signed the
 * number up. Unverified users of earlier versions stay as they are: a code verifies them, too.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  await client.query(`CREATE TABLE sign_ups (
    mobile_number text NOT NULL CHECK (mobile_number ~ '^\\+[1-9][0-9]{5,14}$'),
    address text NOT NULL,
    name text CHECK (char_length(name) BETWEEN 1 AND 100),
    signed_up_at timestamptz(3) NOT NULL DEFAULT app_now(),
    PRIMARY KEY (mobile_number, address)
  )`)
  await client.query("CREATE INDEX sign_ups_signed_up_at ON sign_ups (signed_up_at)")
}
