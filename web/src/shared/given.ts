import type { SharedConversation } from "../api/client.ts"

export interface Given {
  token: string
  /** Null where nothing is shared by this link. */
  shared: SharedConversation | null
  /** Where the next page is. */
  next: Record<string, string> | null
}

/** What came with the page. */
export function readGiven(): Given {
  const { shared, next } = JSON.parse(document.getElementById("data")?.textContent ?? "{}") as {
    shared?: SharedConversation | null
    next?: string | null
  }
  const [, , token = ""] = location.pathname.split("/")
  return { token, shared: shared ?? null, next: next ? toQuery(next) : null }
}

const toQuery = (path: string) => Object.fromEntries(new URL(path, location.origin).searchParams)
