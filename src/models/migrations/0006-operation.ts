import type pg from "pg"

/** What operators need: roles, suspending, an audit log; and the trace that a reply belongs to. */
export async function up(client: pg.ClientBase): Promise<void> {
  for (const statement of STATEMENTS) await client.query(statement)
}

const STATEMENTS = [
  `ALTER TABLE users
    ADD COLUMN role text NOT NULL DEFAULT 'user' CHECK (role IN ('user', 'admin')),
    ADD COLUMN suspended_at timestamptz(3)`,
  "ALTER TABLE messages ADD COLUMN traceparent text CHECK (char_length(traceparent) <= 55)",

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
