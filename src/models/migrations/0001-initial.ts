import type pg from "pg"

/**
 * Times are timestamptz(3): milliseconds are what a JavaScript Date holds, so a cursor made from one finds
 * its row again. Every state has a check constraint, every list of the API an index to scan a range of.
 */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  `CREATE TABLE users (
    id uuid PRIMARY KEY,
    mobile_number text CHECK (mobile_number ~ '^\\+[1-9][0-9]{5,14}$'),
    name text CHECK (char_length(name) BETWEEN 1 AND 100),
    password_hash text,
    tier text NOT NULL DEFAULT 'basic' CHECK (tier IN ('basic', 'pro')),
    verified_at timestamptz(3),
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
    sent_at timestamptz(3) NOT NULL DEFAULT now(),
    resend_at timestamptz(3) NOT NULL,
    PRIMARY KEY (mobile_number, purpose)
  )`,
  `CREATE INDEX one_time_codes_sent_at ON one_time_codes (sent_at)`,
  `CREATE TABLE otp_budgets (
    day date NOT NULL,
    scope text NOT NULL CHECK (scope IN ('number', 'prefix', 'address', 'total')),
    key text NOT NULL,
    used integer NOT NULL DEFAULT 1 CHECK (used >= 0),
    PRIMARY KEY (day, scope, key)
  )`,

  `CREATE TABLE password_guesses (
    scope text NOT NULL CHECK (scope IN ('number_and_address', 'number')),
    key text NOT NULL,
    used integer NOT NULL DEFAULT 1 CHECK (used >= 0),
    window_ends_at timestamptz(3) NOT NULL,
    PRIMARY KEY (scope, key)
  )`,

  // A session is a family of refresh tokens; generation counts its rotations.
  `CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    opened_by text NOT NULL CHECK (opened_by IN ('otp', 'password')),
    generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
    rotated_at timestamptz(3) NOT NULL DEFAULT now(),
    user_agent text,
    address text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    last_used_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    ended_at timestamptz(3)
  )`,
  `CREATE INDEX sessions_of_user ON sessions (user_id, created_at DESC, id DESC)`,
  `CREATE INDEX sessions_expires_at ON sessions (expires_at)`,

  // Sessions whose access tokens are dead before they expire. No foreign key: it outlives a deleted user.
  `CREATE TABLE session_revocations (
    session_id uuid PRIMARY KEY,
    revoked_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL
  )`,
  `CREATE INDEX session_revocations_revoked_at ON session_revocations (revoked_at)`,

  // head_id and active_reply_id name messages without a foreign key: a message is deleted with its room only, and
  // the checks, and the two indexes that deleting would need, would be paid by every prompt.
  `CREATE TABLE chatrooms (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    model text,
    system_instruction text,
    context text NOT NULL DEFAULT 'conversation' CHECK (context IN ('conversation', 'single')),
    head_id uuid,
    active_reply_id uuid,
    last_position integer NOT NULL DEFAULT 0,
    last_message_at timestamptz(3),
    activity_at timestamptz(3) NOT NULL DEFAULT now(),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now()
  )`,
  `CREATE INDEX chatrooms_of_user ON chatrooms (user_id, activity_at DESC, id DESC)`,

  // position is given out under the room's row lock, so it is the order of the prompts whatever the clocks say.
  `CREATE TABLE messages (
    id uuid PRIMARY KEY,
    chatroom_id uuid NOT NULL REFERENCES chatrooms (id) ON DELETE CASCADE,
    parent_id uuid REFERENCES messages (id) ON DELETE CASCADE,
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
    lease_until timestamptz(3),
    not_before timestamptz(3),
    charged_on date,
    request_id text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    completed_at timestamptz(3),
    CONSTRAINT messages_position_key UNIQUE (chatroom_id, position),
    CONSTRAINT messages_prompt_is_complete CHECK (role = 'model' OR status = 'completed'),
    CONSTRAINT messages_failed_has_code CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT messages_final_has_time CHECK ((status IN ('queued', 'running')) = (completed_at IS NULL)),
    CONSTRAINT messages_unfinished_has_lease CHECK ((status IN ('queued', 'running')) = (lease_until IS NOT NULL))
  )`,
  `CREATE INDEX messages_children ON messages (parent_id)`,
  `CREATE INDEX messages_unfinished ON messages (chatroom_id, position) WHERE status IN ('queued', 'running')`,

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
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key)
  )`,
  `CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at)`,

  `CREATE TABLE workers (
    id uuid PRIMARY KEY,
    seen_at timestamptz(3) NOT NULL DEFAULT now()
  )`,
]
