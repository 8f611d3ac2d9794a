import type pg from "pg"

/** What calls to the provider used and cost, by reply and by day. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const COUNTS = `
    prompts integer NOT NULL DEFAULT 0,
    calls integer NOT NULL DEFAULT 0,
    unpriced_calls integer NOT NULL DEFAULT 0,
    prompt_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    thought_tokens bigint NOT NULL DEFAULT 0,
    tool_tokens bigint NOT NULL DEFAULT 0,
    search_queries bigint NOT NULL DEFAULT 0,
    cost_amount numeric NOT NULL DEFAULT 0 CHECK (cost_amount >= 0)`

const STATEMENTS = [
  // price_version: the price table that cost_amount is from. unpriced_calls: calls of models without a price, because of
  // which the amount isn't known.
  `ALTER TABLE messages
    ADD COLUMN price_version text,
    ADD COLUMN unpriced_calls integer NOT NULL DEFAULT 0 CHECK (unpriced_calls >= 0)`,

  // Added up in the transactions that end or hand back a reply, so that a user's months are a few rows. Deleting rooms
  // doesn't lower it.
  `CREATE TABLE model_usage (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day date NOT NULL,
    model text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('reply', 'title', 'summary')),${COUNTS},
    PRIMARY KEY (user_id, day, model, kind)
  )`,
  "CREATE INDEX model_usage_day ON model_usage (day)",

  // What erased accounts have used, all of them together: nothing in it leads to one.
  `CREATE TABLE erased_model_usage (
    day date NOT NULL,
    model text NOT NULL,
    kind text NOT NULL,${COUNTS},
    PRIMARY KEY (day, model, kind)
  )`,
]
