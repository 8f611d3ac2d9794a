import type pg from "pg"

/**
 * Times are timestamptz(3): milliseconds are what a JavaScript Date holds, so a cursor made from one finds
 * its row again. Every state has a check constraint, every list of the API an index to scan a range of. Primary and
 * foreign keys of what goes with its user begin with the user's id and unique keys contain it, so that partitions by
 * user need no other keys. Ids are UUIDv7: unique across users, although no constraint says so.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // What asks the calendar asks this clock: days of a quota, expiry, periods. PostgreSQL inlines it. A test replaces it
  // in its own database. Leases and back-offs measure elapsed time and stay on now().
  "CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT now()'",

  `CREATE TABLE users (
    id uuid PRIMARY KEY,
    mobile_number text CHECK (mobile_number ~ '^\\+[1-9][0-9]{5,14}$'),
    name text CHECK (char_length(name) BETWEEN 1 AND 100),
    password_hash text,
    pro_until timestamptz(3),
    role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    verified_at timestamptz(3),
    suspended_at timestamptz(3),
    deleted_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT users_mobile_number_key UNIQUE (mobile_number),
    CONSTRAINT users_deleted_has_no_number CHECK ((mobile_number IS NULL) = (deleted_at IS NOT NULL))
  )`,
  `CREATE INDEX users_deleted ON users (deleted_at) WHERE deleted_at IS NOT NULL`,

  // One row per number and purpose, whether or not the number has a user: both look and cost the same.
  `CREATE TABLE one_time_codes (
    mobile_number text NOT NULL,
    purpose text NOT NULL CHECK (purpose IN ('login', 'password_reset')),
    code_hash bytea NOT NULL,
    expires_at timestamptz(3) NOT NULL,
    wrong_guesses smallint NOT NULL DEFAULT 0 CHECK (wrong_guesses >= 0),
    consumed_at timestamptz(3),
    sends smallint NOT NULL DEFAULT 1 CHECK (sends >= 1),
    sent_at timestamptz(3) NOT NULL DEFAULT app_now(),
    resend_at timestamptz(3) NOT NULL,
    PRIMARY KEY (mobile_number, purpose)
  )`,
  `CREATE INDEX one_time_codes_sent_at ON one_time_codes (sent_at)`,

  // What is counted up to a limit within a window: codes, guesses at passwords, calls to Gemini. A window that has
  // ended begins anew with the next count.
  `CREATE TABLE counters (
    scope text NOT NULL,
    key text NOT NULL,
    used integer NOT NULL DEFAULT 1 CHECK (used >= 0),
    ends_at timestamptz(3) NOT NULL,
    PRIMARY KEY (scope, key)
  )`,
  "CREATE INDEX counters_ends_at ON counters (ends_at)",

  // A session is a family of refresh tokens; generation counts its rotations. A refresh token names its session alone.
  `CREATE TABLE sessions (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    opened_by text NOT NULL CHECK (opened_by IN ('otp', 'password')),
    generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
    rotated_at timestamptz(3) NOT NULL DEFAULT app_now(),
    user_agent text,
    address text,
    created_at timestamptz(3) NOT NULL DEFAULT app_now(),
    last_used_at timestamptz(3) NOT NULL DEFAULT app_now(),
    expires_at timestamptz(3) NOT NULL,
    ended_at timestamptz(3),
    PRIMARY KEY (user_id, id)
  )`,
  "CREATE INDEX sessions_id ON sessions (id)",
  `CREATE INDEX sessions_of_user ON sessions (user_id, created_at DESC, id DESC)`,
  `CREATE INDEX sessions_expires_at ON sessions (expires_at)`,

  // Sessions whose access tokens are dead before they expire. No foreign key: it outlives a deleted user.
  `CREATE TABLE session_revocations (
    session_id uuid PRIMARY KEY,
    revoked_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL
  )`,
  `CREATE INDEX session_revocations_revoked_at ON session_revocations (revoked_at)`,
  `CREATE INDEX session_revocations_expires_at ON session_revocations (expires_at)`,

  // head_id and active_reply_id name messages without a foreign key: a message is deleted with its room only, and
  // the checks, and the two indexes that deleting would need, would be paid by every prompt.
  `CREATE TABLE chatrooms (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    model text,
    system_instruction text,
    context text NOT NULL DEFAULT 'conversation' CHECK (context IN ('conversation', 'single')),
    head_id uuid,
    active_reply_id uuid,
    last_position integer NOT NULL DEFAULT 0,
    retries integer NOT NULL DEFAULT 0,
    last_message_at timestamptz(3),
    activity_at timestamptz(3) NOT NULL DEFAULT now(),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, id)
  )`,
  `CREATE INDEX chatrooms_of_user ON chatrooms (user_id, activity_at DESC, id DESC)`,
  "CREATE INDEX chatrooms_active ON chatrooms (user_id) WHERE active_reply_id IS NOT NULL",

  // position is given out under the room's row lock, so it is the order of the prompts whatever the clocks say. Of the
  // indexes of all rows the primary key alone begins with user_id: in a table that was never analysed, PostgreSQL would
  // look a message up by any index that does, and read all that its user has.
  `CREATE TABLE messages (
    user_id uuid NOT NULL,
    id uuid NOT NULL,
    chatroom_id uuid NOT NULL,
    parent_id uuid,
    position integer NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'model')),
    content text NOT NULL,
    attachments jsonb NOT NULL DEFAULT '[]',
    status text NOT NULL CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled')),
    error_code text,
    model text,
    finish_reason text,
    prompt_tokens integer,
    output_tokens integer,
    thought_tokens integer,
    total_tokens integer,
    attempt integer NOT NULL DEFAULT 0,
    failures smallint NOT NULL DEFAULT 0,
    takeovers smallint NOT NULL DEFAULT 0 CHECK (takeovers >= 0),
    retry integer NOT NULL DEFAULT 0,
    retried_at timestamptz(3),
    cooling_down_since timestamptz(3),
    cancel_requested_at timestamptz(3),
    lease_until timestamptz(3),
    not_before timestamptz(3),
    charged_on date,
    request_id text,
    traceparent text CHECK (char_length(traceparent) <= 55),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    completed_at timestamptz(3),
    PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, chatroom_id) REFERENCES chatrooms (user_id, id) ON DELETE CASCADE,
    FOREIGN KEY (user_id, parent_id) REFERENCES messages (user_id, id) ON DELETE CASCADE,
    CONSTRAINT messages_position_key UNIQUE (chatroom_id, position, user_id),
    CONSTRAINT messages_prompt_is_complete CHECK (role = 'model' OR status = 'completed'),
    CONSTRAINT messages_failed_has_code CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT messages_final_has_time CHECK ((status IN ('queued', 'running')) = (completed_at IS NULL)),
    CONSTRAINT messages_unfinished_has_lease CHECK ((status IN ('queued', 'running')) = (lease_until IS NOT NULL))
  )`,
  `CREATE INDEX messages_children ON messages (parent_id)`,
  `CREATE INDEX messages_unfinished ON messages (user_id, chatroom_id, position) WHERE status IN ('queued', 'running')`,
  `CREATE INDEX messages_retried ON messages (chatroom_id, retry) WHERE retry > 0`,
  // Operators list and find dead letters across users.
  `CREATE INDEX messages_failed ON messages (completed_at DESC, id DESC) WHERE status = 'failed'`,
  `CREATE INDEX messages_failed_id ON messages (id) WHERE status = 'failed'`,

  `CREATE TABLE usage_counters (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day date NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (user_id, day)
  )`,

  `CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    result jsonb,
    created_at timestamptz(3) NOT NULL DEFAULT app_now(),
    PRIMARY KEY (user_id, key)
  )`,
  `CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at)`,

  `CREATE TABLE workers (
    id uuid PRIMARY KEY,
    seen_at timestamptz(3) NOT NULL DEFAULT now(),
    concurrency integer NOT NULL DEFAULT 1 CHECK (concurrency > 0),
    mean_ms double precision
  )`,

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
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    at timestamptz(3) NOT NULL DEFAULT now(),
    tier text NOT NULL CHECK (tier IN ('basic', 'pro')),
    until timestamptz(3),
    reason text NOT NULL,
    cause text NOT NULL CHECK (cause IN ('event', 'checkout', 'reconcile', 'schedule', 'deletion')),
    event_id text,
    subscription_id text,
    PRIMARY KEY (user_id, id)
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

  // No foreign keys: it outlives whom and what it tells of.
  `CREATE TABLE admin_audit (
    id uuid PRIMARY KEY,
    at timestamptz(3) NOT NULL DEFAULT now(),
    actor text NOT NULL,
    action text NOT NULL,
    target_id text,
    request_id text NOT NULL,
    address text NOT NULL,
    outcome text NOT NULL
  )`,
  "CREATE INDEX admin_audit_at ON admin_audit (at DESC, id DESC)",
  // Entered before the action, as begun; the outcome is filled in once. Nothing else ever changes.
  `CREATE FUNCTION admin_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'UPDATE' AND OLD.outcome = 'begun' AND NEW.outcome <> 'begun'
      AND (NEW.id, NEW.at, NEW.actor, NEW.action, NEW.request_id, NEW.address)
        = (OLD.id, OLD.at, OLD.actor, OLD.action, OLD.request_id, OLD.address)
      AND (OLD.target_id IS NULL OR NEW.target_id = OLD.target_id) THEN
      RETURN NEW;
    END IF;
    RAISE EXCEPTION 'admin_audit is append-only';
  END $$`,
  `CREATE TRIGGER admin_audit_no_change BEFORE UPDATE OR DELETE ON admin_audit
    FOR EACH ROW EXECUTE FUNCTION admin_audit_is_append_only()`,
  `CREATE TRIGGER admin_audit_no_truncate BEFORE TRUNCATE ON admin_audit
    FOR EACH STATEMENT EXECUTE FUNCTION admin_audit_is_append_only()`,
]
