/**
 * What stands between us and PostgreSQL. `session`: nothing, or a pooler that keeps a connection for one client.
 * `transaction`: one that gives it to another client after each transaction. `transaction-prepared`: one that also
 * knows named prepared statements, as PgBouncer 1.21 does with `max_prepared_statements`.
 */
export type Pooler = "session" | "transaction" | "transaction-prepared"

/** What a connection's statements rely on. */
export interface Session {
  /** By default `session`. */
  pooler?: Pooler
  /** After how long the server ends a statement or an idle transaction; by default never. */
  statementTimeoutMs?: number
  /** For connecting and setting up the session; by default unlimited. */
  connectTimeoutMs?: number
  /** Where unqualified names are looked up; by default as the database or the role says. */
  searchPath?: string
  /** More settings by name. */
  settings?: Record<string, string>
}

/** Whether others get the connection between transactions, so that nothing may be set for its session. */
export function isShared({ pooler }: Session): boolean {
  return pooler !== undefined && pooler !== "session"
}

/**
 * Sets what this server knows of the settings. A statement rather than start parameters, which PgBouncer refuses. The
 * values then last for the session, which a pooler must keep for one client.
 */
export const SETTINGS = `
  SELECT set_config(name, value, false) FROM jsonb_each_text($1) AS wanted (name, value)
  WHERE current_setting(name, true) IS NOT NULL`

/**
 * Our SQL, `pg` and BullMQ rely on these. A database's or role's owner may have changed the defaults of each of them
 * (https://www.postgresql.org/docs/current/runtime-config-client.html).
 */
const RELIED_ON = {
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  datestyle: "ISO, MDY",
  intervalstyle: "postgres",
  timezone: "UTC",
  bytea_output: "hex",
  extra_float_digits: "1",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  array_nulls: "on",
  transform_null_equals: "off",
  xmloption: "content",
  lock_timeout: "0",
  idle_session_timeout: "0",
  transaction_timeout: "0",
}

/**
 * Of hot paths. Every statement scans index ranges whatever its values are, so one plan fits all. A plan for the given
 * values would cost more than the query. It is kept while tables grow, so it mustn't be made for tables that are nearly
 * empty, which PostgreSQL would read whole; before version 18 that costs so much on paper that it would be compiled.
 * With the default of `random_page_cost`, 4, two indexes of a small table seem to cost the same, also where one finds a
 * row and the other all of a user's, as when a foreign key deletes what follows a message. 1.1 is usual for solid-state
 * disks.
 */
export const ONE_PLAN = {
  plan_cache_mode: "force_generic_plan",
  enable_seqscan: "off",
  random_page_cost: "1.1",
  jit: "off",
}

/** The settings of a session, by name, as `pg_settings` writes them. */
export function settingsOf({
  statementTimeoutMs = 0,
  searchPath,
  settings,
}: Session): Record<string, string> {
  return {
    ...RELIED_ON,
    statement_timeout: String(statementTimeoutMs),
    idle_in_transaction_session_timeout: String(statementTimeoutMs),
    ...(searchPath === undefined ? {} : { search_path: searchPath }),
    ...settings,
  }
}

/**
 * Finds settings that aren't what shared connections need, where nothing can be set for a session. What this server
 * doesn't know is left out. Its rows are the statements that would mend them.
 */
export const WRONG_SETTINGS = `
  SELECT format('ALTER ROLE %I IN DATABASE %I SET %s = %L;', current_user, current_database(), wanted.name, wanted.value)
  FROM jsonb_each_text($1) AS wanted (name, value) JOIN pg_settings AS found ON lower(found.name) = wanted.name
  WHERE found.setting <> wanted.value ORDER BY wanted.name`
