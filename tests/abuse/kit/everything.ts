import type { S3Simulator } from "../../../simulators/s3/server.ts"
import type { TestApp } from "../../helpers/app.ts"
import { type Place, readRedis } from "./search.ts"

/**
 * Everything that the service keeps, wherever: every row of every table there is, large objects, Redis, the object store,
 * the provider's files and the log. A table that comes with the next migration is among them by itself.
 */
export async function readEverything(app: TestApp, s3: S3Simulator): Promise<Place[]> {
  const objects = [...s3.objects].map(([key, { bytes }]) => `${key} ${bytes.toString("latin1")}`)
  return [
    ...(await readDatabase(app)),
    ...(await readRedis(app)),
    { name: "object store", text: objects.join("\n") },
    { name: "files at the provider", text: JSON.stringify(app.gemini.files.all) },
    { name: "log", text: app.logs() },
  ]
}

/** What a dump has: every table and materialized view of every schema but PostgreSQL's own, and large objects. */
async function readDatabase({ pool }: TestApp): Promise<Place[]> {
  const {
    rows: [tables],
  } = await pool.query<{ sql: string }>(
    `SELECT string_agg(format($$SELECT %L AS name, coalesce(string_agg(t::text, E'\\n'), '') AS text FROM %s AS t$$,
       c.oid::regclass, c.oid::regclass), ' UNION ALL ') AS sql
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'`,
  )
  // In one statement: it is asked again and again, and a query for each table would take most of the time.
  const { rows: places } = await pool.query<Place>(tables?.sql ?? "")
  const { rows: objects } = await pool.query<{ line: string }>(
    "SELECT encode(data, 'hex') AS line FROM pg_largeobject",
  )
  return [...places, { name: "large objects", text: objects.map(({ line }) => line).join("\n") }]
}

/** The tables that say whose their rows are, and how many rows of this user each has. */
export async function rowsOf({ pool }: TestApp, userId: string): Promise<Record<string, number>> {
  const {
    rows: [tables],
  } = await pool.query<{ sql: string }>(
    `SELECT string_agg(format('SELECT %L AS name, count(*)::int AS n FROM %I WHERE %I = $1', table_name, table_name,
       column_name), ' UNION ALL ' ORDER BY table_name) AS sql
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
       AND (column_name = 'user_id' OR (table_name = 'users' AND column_name = 'id'))`,
  )
  const { rows: counts } = await pool.query<{ name: string; n: number }>(tables?.sql ?? "", [userId])
  return Object.fromEntries(counts.map(({ name, n }) => [name, n]))
}

/** Where each of `canaries` is, as text of any case or in one of the forms that bytes are written in. */
export function whereAre(canaries: Record<string, string>, places: Place[]): Record<string, string[]> {
  const texts = places.map((place) => ({ ...place, lower: place.text.toLowerCase() }))
  return Object.fromEntries(
    Object.entries(canaries).map(([name, canary]) => {
      const forms = formsOf(canary)
      const hasIt = ({ text, lower }: (typeof texts)[number]) =>
        lower.includes(canary.toLowerCase()) || forms.some((form) => text.includes(form))
      return [name, texts.filter(hasIt).map((place) => place.name)]
    }),
  )
}

/** In hexadecimal digits, and in base64 wherever it begins in its bytes. */
function formsOf(canary: string): string[] {
  const bytes = Buffer.from(canary)
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "")
    return text.slice(Math.ceil((before * 4) / 3), -1)
  })
  return [bytes.toString("hex"), ...encoded]
}
