import type { TestApp } from "../../helpers/app.ts"

/** A digest of each table of the service: what an attack that was turned away leaves as it was. */
export async function snapshot({ pool }: TestApp): Promise<Record<string, string>> {
  const tables = await tablesOf(pool, "public")
  const digests = tables
    .filter((table) => !["migrations", "workers"].includes(table))
    .map(async (table) => {
      const { rows } = await pool.query(
        `SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS digest FROM "${table}" AS t`,
      )
      return [table, rows[0].digest] as const
    })
  return Object.fromEntries(await Promise.all(digests))
}

export async function tablesOf(pool: TestApp["pool"], schema: string): Promise<string[]> {
  const { rows } = await pool.query(
    "SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY tablename",
    [schema],
  )
  return rows.map(({ tablename }) => tablename)
}
