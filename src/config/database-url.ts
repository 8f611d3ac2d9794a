/** A `DATABASE_URL` taken apart. */
export interface DatabaseAddress {
  /** With one host, the first: what `pg` and Sequelize can read. */
  url: string
  /** All of them; of a socket none. */
  hosts: DatabaseHost[]
}

export interface DatabaseHost {
  host: string
  port: number
}

const DEFAULT_PORT = 5432

/**
 * Reads `postgres://user:password@one:5432,two:5432/name`, libpq's form for a primary and its standbys
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS), which `pg` doesn't know.
 * @returns null for anything that is no address of a PostgreSQL
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

/** An escape that stands for nothing is found here, rather than by `pg` at the first query. */
function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ""
  } catch {
    return false
  }
}
