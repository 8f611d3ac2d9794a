import type pg from "pg"

/** What a room can be set to, and what a reply holds beside its text. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  `ALTER TABLE chatrooms
    ADD COLUMN name_by text NOT NULL DEFAULT 'user' CHECK (name_by IN ('default', 'model', 'user')),
    ADD COLUMN thinking text CHECK (thinking IN ('low', 'medium', 'high')),
    ADD COLUMN web_search boolean NOT NULL DEFAULT false,
    ADD COLUMN url_context boolean NOT NULL DEFAULT false,
    ADD COLUMN pinned boolean NOT NULL DEFAULT false,
    ADD COLUMN archived_at timestamptz(3),
    ADD COLUMN temporary boolean NOT NULL DEFAULT false`,
  "UPDATE chatrooms SET name_by = 'default' WHERE name = 'New chat'",
  // thinking: the level that a reply is to be made with. tool_tokens: what the provider's tools read.
  `ALTER TABLE messages
    ADD COLUMN thinking text CHECK (thinking IN ('low', 'medium', 'high')),
    ADD COLUMN thoughts text NOT NULL DEFAULT '',
    ADD COLUMN search_queries jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN tool_tokens integer,
    ADD COLUMN cost_amount numeric CHECK (cost_amount >= 0),
    ADD COLUMN cost_currency text,
    ADD COLUMN feedback jsonb`,
]
