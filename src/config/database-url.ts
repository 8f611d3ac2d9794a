/** A parsed `DATABASE_URL`. */
export interface DatabaseAddress {
  /** The URL with only its first host, because `pg` and Sequelize accept only one. */
  url: string
  /** All hosts; empty for a Unix socket. */
  hosts: DatabaseHost[]
}

export interface DatabaseHost {
  host: string
  port: number
}

const DEFAULT_PORT = 5432

/**
 * Parses `postgres://user:password@one:5432,two:5432/name`, libpq's form for a primary and its standbys
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS), which `pg` doesn't support.
 * @returns null for anything else than a PostgreSQL URL
 */
export function readDatabaseUrl(url: string): DatabaseAddress | null {
  const [, before, hosts = "", after] = /^(postgres(?:ql)?:\/\/(?:[^/?]*@)?)([^/?]*)(.*)$/s.exec(url) ?? []
  if (before === undefined || !isDecodable(before)) return null
  const urls = hosts.split(",").map((host) => URL.parse(`${before}${host}${after}`))
  if (!urls.every((each) => each !== null)) return null
  if (urls.length > 1 && urls.some(({ hostname }) => hostname === "")) return null
  return {
    url: `${before}${hosts.split(",")[0]}${after}`,
    hosts: urls.flatMap(({ hostname, port }) =>
      hostname ? { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || DEFAULT_PORT) } : [],
    ),
  }
}

/** Finds invalid percent-encoding at the start, rather than in `pg` at the first query. */
function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ""
  } catch {
    return false
  }
}
