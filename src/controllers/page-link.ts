/**
 * Makes the `Link` header (RFC 8288) to the page after `cursor`, relative to the root; none on the last page. The rest
 * of the query is kept.
 */
export function nextLink(
  path: string,
  query: { limit: number; [name: string]: unknown },
  cursor: string | null,
): Record<string, string> {
  if (cursor === null) return {}
  const { limit, cursor: _, ...rest } = query
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(rest)) if (value) search.set(name, String(value))
  search.set("limit", String(limit))
  search.set("cursor", cursor)
  return { Link: `<${path}?${search}>; rel="next"` }
}
