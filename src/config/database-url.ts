import { decodeUri } from "../utils/text.ts"

/** A parsed `DATABASE_URL`. */
export interface DatabaseAddress {
  /** The URL with only its first host, because `pg` and Sequelize accept only one. */
  url: string
  /** All hosts; empty for a Unix socket. */
  hosts: DatabaseHost[]
  /** Where and what, without secrets, for people: `database "chat" at db:5432`. */
  place: string
  hasPassword: boolean
}

export interface DatabaseHost {
  host: string
  port: number
}

const DEFAULT_PORT = 5432

/**
 * Parses `postgres://user:password@one:5432,two:5432/name`, libpq's form for a primary and its standbys
 * (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS), which `pg` doesn't support, and
 * `postgres://user:password@/name?host=/socket/dir`.
 * @returns null for anything else than a PostgreSQL URL
 */
export function readDatabaseUrl(url: string): DatabaseAddress | null {
  const [, before, hosts = "", after = ""] =
    /^(postgres(?:ql)?:\/\/(?:[^/?]*@)?)([^/?]*)(.*)$/s.exec(url) ?? []
  if (before === undefined || !isDecodable(before)) return null
  const names = hosts.split(",")
  // `URL` doesn't allow an empty host behind a user.
  const urls = names.map((host) => URL.parse(`${before}${host || SOCKET}${after}`))
  if (!urls.every((each) => each !== null)) return null
  if (names.length > 1 && names.includes("")) return null
  const [first] = urls as [URL, ...URL[]]
  const addresses = names.every((name) => name === "") ? [] : urls.map(addressOf)
  return {
    url: `${before}${names[0]}${after}`,
    hosts: addresses,
    place: placeOf(first, addresses),
    hasPassword: first.password !== "" || first.searchParams.has("password"),
  }
}

const SOCKET = "socket"

function addressOf({ hostname, port }: URL): DatabaseHost {
  return { host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || DEFAULT_PORT) }
}

function placeOf({ pathname, username, searchParams }: URL, hosts: DatabaseHost[]): string {
  const name = decodeUri(pathname.slice(1)) || decodeUri(username)
  const where = hosts.map(({ host, port }) => `${host}:${port}`).join(", ")
  return `database "${name}" at ${where || searchParams.get("host") || "the local socket"}`
}

/** Finds invalid percent-encoding at the start, rather than in `pg` at the first query. */
function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== ""
  } catch {
    return false
  }
}
