import { isIPv4, isIPv6 } from "node:net"

/**
 * The address that limits count by: an IPv4 address (also one mapped into IPv6), or the /64 of an IPv6 one,
 * since a single line is given 2^64 of those.
 */
export function limitAddress(address: string | undefined): string {
  const plain = address?.replace(/%.*$/, "") ?? ""
  const mapped = plain.toLowerCase().match(/^::ffff:(\d+\.\d+\.\d+\.\d+)$/)?.[1] ?? plain
  if (isIPv4(mapped)) return mapped
  if (!isIPv6(mapped)) return "unknown"
  return `${expandIPv6(mapped).slice(0, 4).join(":")}::/64`
}

/** The eight groups of an IPv6 address, without leading zeros. */
function expandIPv6(address: string): string[] {
  // The URL parser knows every way to write one, dotted endings included.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = "", tail] = canonical.split("::")
  const left = head ? head.split(":") : []
  const right = tail ? tail.split(":") : []
  const gap = tail === undefined ? 0 : 8 - left.length - right.length
  return [...left, ...Array<string>(gap).fill("0"), ...right]
}
