import type pg from "pg"

/** Who is Pro until when, and what is known of Stripe's customers, subscriptions and events. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // The clock that access goes by. A function, which the planner inlines, so that a test can live through a year.
  "CREATE FUNCTION billing_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'",
  "ALTER TABLE users ADD COLUMN pro_until timestamptz(3)",
  "UPDATE users SET pro_until = 'infinity' WHERE tier = 'pro'",
  "ALTER TABLE users DROP COLUMN tier",

  // Outlives its user: a payment that comes after the deletion must still find its way back. No key to users'
  // cascade, therefore; closed_at says since when nobody is behind it.
  `CREATE TABLE billing_customers (
    id uuid PRIMARY KEY,
    user_id uuid UNIQUE REFERENCES users (id) ON DELETE SET NULL,
    stripe_id text UNIQUE,
    checkout_session_id text,
    checkouts integer NOT NULL DEFAULT 0 CHECK (checkouts >= 0),
    attempt integer NOT NULL DEFAULT 0,
    lease_until timestamptz(3),
    failures smallint NOT NULL DEFAULT 0 CHECK (failures >= 0),
    sync_due_at timestamptz(3),
    touched_at timestamptz(3) NOT NULL DEFAULT now(),
    synced_at timestamptz(3),
    closed_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now()
  )`,
  "CREATE INDEX billing_customers_sync_due ON billing_customers (sync_due_at) WHERE sync_due_at IS NOT NULL",
  "CREATE INDEX billing_customers_touched ON billing_customers (touched_at)",
  "CREATE INDEX billing_customers_synced ON billing_customers (synced_at)",

  // Stripe's words are kept as they are: its lists of states are open.
  `CREATE TABLE subscriptions (
    id text PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES billing_customers (id) ON DELETE CASCADE,
    status text NOT NULL,
    price_id text,
    livemode boolean NOT NULL,
    current_period_end timestamptz(3),
    trial_end timestamptz(3),
    cancel_at timestamptz(3),
    canceled_at timestamptz(3),
    ended_at timestamptz(3),
    paid_until timestamptz(3),
    withheld text CHECK (withheld IN ('refunded', 'disputed')),
    created_at timestamptz(3) NOT NULL,
    synced_at timestamptz(3) NOT NULL DEFAULT now()
  )`,
  "CREATE INDEX subscriptions_of_customer ON subscriptions (customer_id, created_at)",

  // What an event says is read from Stripe again, so only its envelope is kept: no addresses, no names.
  `CREATE TABLE billing_events (
    id text PRIMARY KEY,
    type text NOT NULL,
    livemode boolean,
    api_version text,
    object_id text,
    stripe_customer_id text,
    status text NOT NULL CHECK (status IN ('pending', 'handled', 'ignored', 'unmatched')),
    created_at timestamptz(3),
    received_at timestamptz(3) NOT NULL DEFAULT now(),
    handled_at timestamptz(3),
    next_try_at timestamptz(3) NOT NULL DEFAULT now(),
    tries integer NOT NULL DEFAULT 0,
    CONSTRAINT billing_events_final_has_time CHECK ((status = 'pending') = (handled_at IS NULL))
  )`,
  "CREATE INDEX billing_events_received ON billing_events (received_at DESC, id DESC)",
  "CREATE INDEX billing_events_pending ON billing_events (next_try_at) WHERE status = 'pending'",
  "CREATE INDEX billing_events_of_customer ON billing_events (stripe_customer_id) WHERE status = 'pending'",

  // Why a user is Pro or Basic, since when and by what. Rows go with their user only.
  `CREATE TABLE entitlement_log (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    at timestamptz(3) NOT NULL DEFAULT now(),
    tier text NOT NULL CHECK (tier IN ('basic', 'pro')),
    until timestamptz(3),
    reason text NOT NULL,
    cause text NOT NULL CHECK (cause IN ('event', 'checkout', 'reconcile', 'schedule', 'deletion')),
    event_id text,
    subscription_id text
  )`,
  "CREATE INDEX entitlement_log_of_user ON entitlement_log (user_id, at DESC, id DESC)",
  `CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    -- A cascade runs inside another trigger.
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN RETURN OLD; END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END $$`,
  `CREATE TRIGGER entitlement_log_append_only BEFORE UPDATE OR DELETE ON entitlement_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change()`,

  // What a person should look at: a second subscription that was cancelled, a refund that failed, …
  `CREATE TABLE billing_notices (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES billing_customers (id) ON DELETE CASCADE,
    kind text NOT NULL,
    object_id text NOT NULL,
    detail text NOT NULL,
    at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT billing_notices_once UNIQUE (kind, object_id)
  )`,
  "CREATE INDEX billing_notices_at ON billing_notices (at DESC, id DESC)",
  "CREATE INDEX billing_notices_of_customer ON billing_notices (customer_id, kind)",
]
