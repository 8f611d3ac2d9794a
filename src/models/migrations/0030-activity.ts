import type pg from "pg"

/** What happened in each hour, counted once it is over, so that charts of a month read a few hundred rows. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  // Of all users together: nothing in it leads to one, and deleting rooms or accounts doesn't lower it. durations: how
  // many completed replies took how long, by the number of the range (services/admin/activity/durations.ts).
  `CREATE TABLE activity_hours (
    hour timestamptz(3) PRIMARY KEY,
    prompts integer NOT NULL,
    completed integer NOT NULL,
    failed integer NOT NULL,
    cancelled integer NOT NULL,
    cost_amount numeric NOT NULL,
    durations jsonb NOT NULL,
    CONSTRAINT activity_hours_whole CHECK (hour = date_trunc('hour', hour, 'UTC'))
  )`,

  // A few bytes for a megabyte of messages, and next to nothing for each write. By several ranges each, because imported
  // messages have times of their own between the others.
  `CREATE INDEX messages_times ON messages USING brin
    (created_at timestamptz_minmax_multi_ops, completed_at timestamptz_minmax_multi_ops) WITH (autosummarize = on)`,
]
