import { isIPv4, isIPv6 } from "node:net"

/**
 * Returns the address to count limits by: an IPv4 address (also if it is mapped into IPv6), or the /64 of an IPv6
 * address, because a single connection is assigned 2^64 of them. Drops a port or zone, which some proxies add.
 */
export function limitAddress(address: string | undefined): string {
  const plain = withoutPort(address ?? "").split("%", 1)[0] as string
  if (isIPv4(plain)) return plain
  if (!isIPv6(plain)) return "unknown"
  const groups = expandIPv6(plain)
  return mappedIPv4(groups) ?? `${groups.slice(0, 4).join(":")}::/64`
}

/** Strips the port of `192.0.2.1:80` and `[2001:db8::1]:80`. */
function withoutPort(address: string): string {
  const [, inBrackets, ipv4] = /^\[([^\]]*)\](?::\d+)?$|^([\d.]+):\d+$/.exec(address) ?? []
  return inBrackets ?? ipv4 ?? address
}

/** Returns the eight groups of an IPv6 address, without leading zeros. */
function expandIPv6(address: string): string[] {
  // The URL parser normalizes every notation, dotted endings included.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const left = head ? head.split(":") : []
  const right = tail ? tail.split(":") : []
  const gap = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array<string>(gap).fill("0"), ...right]
}

/** `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
function mappedIPv4(groups: string[]): string | undefined {
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return undefined
  return groups
    .slice(6)
    .map((group) => Number.parseInt(group, 16))
    .flatMap((number) => [number >> 8, number & 255])
    .join(".")
}
