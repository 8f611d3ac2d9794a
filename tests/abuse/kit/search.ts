import { Redis } from "ioredis"
import type { TestApp } from "../../helpers/app.ts"
import { tablesOf } from "./snapshot.ts"

/** All that one place holds, as text. */
export interface Place {
  name: string
  text: string
}

/** Everything that is in the app's Redis: the keys, what they hold, and what pub/sub knows. */
export async function readRedis({ stores: { redisUrl } }: TestApp): Promise<Place[]> {
  if (!redisUrl) return []
  const client = new Redis(redisUrl)
  try {
    const keys = await client.keys("*")
    const values = await Promise.all(
      keys.map(async (key) => ({ name: key, text: `${key}\n${await readKey(client, key)}` })),
    )
    return values
  } finally {
    client.disconnect()
  }
}

async function readKey(client: Redis, key: string): Promise<string> {
  switch (await client.type(key)) {
    case "string":
      return (await client.get(key)) ?? ""
    case "hash":
      return JSON.stringify(await client.hgetall(key))
    case "list":
      return JSON.stringify(await client.lrange(key, 0, -1))
    case "set":
      return JSON.stringify(await client.smembers(key))
    case "zset":
      return JSON.stringify(await client.zrange(key, "0", "-1"))
    case "stream":
      return JSON.stringify(await client.xrange(key, "-", "+"))
    default:
      return ""
  }
}

/** Every row of every table outside the service's own schema: those of the queue. */
export async function readQueueTables({ pool }: TestApp): Promise<Place[]> {
  const { rows } = await pool.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace
     WHERE nspname NOT IN ('public', 'information_schema') AND nspname NOT LIKE 'pg\\_%'`,
  )
  const places = await Promise.all(rows.map(({ schema }) => readTables(pool, schema)))
  return places.flat()
}

/** Every row of every table of a schema. */
export async function readTables(pool: TestApp["pool"], schema: string): Promise<Place[]> {
  const tables = await tablesOf(pool, schema)
  return Promise.all(
    tables.map(async (table) => {
      const { rows } = await pool.query(`SELECT t::text AS line FROM "${schema}"."${table}" AS t`)
      return { name: `${schema}.${table}`, text: rows.map(({ line }) => line).join("\n") }
    }),
  )
}

/**
 * Which secrets stand where. A code is six digits, so it counts only where no digit, letter or point is beside it:
 * ids and times are full of such.
 */
export function find(secrets: Record<string, string>, places: Place[]): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const form = /^\d{6}$/.test(secret) ? new RegExp(`(?<![\\w.-])${secret}(?![\\w.-])`) : null
    const isIn = (text: string) => (form ? form.test(text) : text.includes(secret))
    return places.filter(({ text }) => isIn(text)).map((place) => `${name} in ${place.name}`)
  })
}
