/** Looks up the route of a request and the id that stands for `:id` in the route's path. */
export function createRouter<Route extends { method: string; path: string }>(routes: readonly Route[]) {
  const patterns = routes.map((route) => ({
    route,
    pattern: new RegExp(`^${route.path.replace(":id", "([^/]+)")}$`),
  }))
  return (method: string, path: string): { route: Route; id: string } | undefined => {
    for (const { route, pattern } of patterns) {
      const match = route.method === method ? pattern.exec(path) : null
      if (match) return { route, id: match[1] ?? "" }
    }
    return undefined
  }
}
