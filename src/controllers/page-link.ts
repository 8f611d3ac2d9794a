/** Makes the `Link` header (RFC 8288) to the page after `cursor`, relative to the root; none on the last page. */
export function nextLink(
  path: string,
  query: { limit: number },
  cursor: string | null,
): Record<string, string> {
  if (cursor === null) return {}
  const search = new URLSearchParams({ limit: String(query.limit), cursor })
  return { Link: `<${path}?${search}>; rel="next"` }
}
