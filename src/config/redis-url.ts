/** A parsed `REDIS_URL`: one server, the nodes of a cluster, or the sentinels that know the primary. */
export type RedisAddress =
  | { kind: "single"; url: string }
  | { kind: "cluster"; nodes: Address[]; access: Access }
  | {
      kind: "sentinel"
      sentinels: Address[]
      name: string
      db: number
      access: Access
      sentinel: Credentials
    }

export interface Address {
  host: string
  port: number
}

export interface Credentials {
  username: string | undefined
  password: string | undefined
}

export interface Access extends Credentials {
  tls: boolean
}

const CLUSTER_OR_SENTINEL =
  /^(rediss?)\+(cluster|sentinel):\/\/(?:([^@/?]*)@)?([^/?]+)(?:\/([^/?]*))?(?:\/(\d+))?(?:\?(.*))?$/

const DEFAULT_PORTS = { cluster: 6379, sentinel: 26_379 }

/**
 * Parses `REDIS_URL`:
 * - `redis://[user:password@]host[:port][/db]`
 * - `redis+cluster://[user:password@]host[:port],…`
 * - `redis+sentinel://[user:password@]host[:port],…/NAME[/db][?sentinel_username=…&sentinel_password=…]`
 *
 * each with `rediss` for TLS. Python's `limits` and `redis_sentinel_url` use the same forms.
 * @returns null for anything else
 */
export function readRedisUrl(url: string): RedisAddress | null {
  try {
    return parse(url)
  } catch (error) {
    // Invalid percent-encoding.
    if (error instanceof URIError) return null
    throw error
  }
}

function parse(url: string): RedisAddress | null {
  const [, scheme, kind, user, hosts = "", name, db, query] = CLUSTER_OR_SENTINEL.exec(url) ?? []
  if (kind !== "cluster" && kind !== "sentinel") return isSingle(url) ? { kind: "single", url } : null
  const addresses = hosts.split(",").map((host) => readAddress(host, DEFAULT_PORTS[kind]))
  if (!addresses.every((address) => address !== null)) return null
  const access = { ...readCredentials(user), tls: scheme === "rediss" }
  if (kind === "cluster") return name || query ? null : { kind, nodes: addresses, access }
  if (!name) return null
  const options = new URLSearchParams(query)
  const sentinel = {
    username: options.get("sentinel_username") ?? undefined,
    password: options.get("sentinel_password") ?? undefined,
  }
  return { kind, sentinels: addresses, name: decodeURIComponent(name), db: Number(db ?? 0), access, sentinel }
}

function isSingle(url: string): boolean {
  return /^rediss?:\/\//.test(url) && URL.canParse(url)
}

function readAddress(text: string, defaultPort: number): Address | null {
  const url = URL.parse(`redis://${text}`)
  if (!url?.hostname || url.pathname || url.username) return null
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port || defaultPort) }
}

function readCredentials(text: string | undefined): Credentials {
  const [username, ...password] = text?.split(":") ?? []
  const decode = (part: string | undefined) => (part ? decodeURIComponent(part) : undefined)
  return { username: decode(username), password: decode(password.join(":")) }
}
