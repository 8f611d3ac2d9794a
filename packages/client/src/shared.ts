import type { AnyRequest, Endpoint } from "./endpoint.ts"
import { ApiError } from "./error.ts"
import type { SharedConversation, SharedMessage } from "./types.ts"

/** A conversation behind a link, with its messages as they are read, page after page. */
export interface SharedReading extends Omit<SharedConversation, "messages"> {
  messages: AsyncGenerator<SharedMessage>
}

type Send = (endpoint: Endpoint, given: AnyRequest) => Promise<Response>

/** Opens a shared conversation by its link or token. @throws {ApiError} 404 once the link is dead */
export async function openShared(
  request: Send,
  link: string,
  signal: AbortSignal | undefined,
): Promise<SharedReading> {
  const given = { params: { token: tokenOf(link) }, ...(signal ? { signal } : {}) }
  const read = async (query: Record<string, string>) => {
    const headers = { Accept: "application/json" }
    const response = await request("GET /shared/{token}", { ...given, query, headers })
    if (!response.ok) throw await ApiError.from(response)
    return { page: (await response.json()) as SharedConversation, next: nextQuery(response) }
  }
  const first = await read({ limit: "100" })
  async function* messages() {
    for (let { page, next } = first; ; { page, next } = await read(next)) {
      yield* page.messages
      if (next === null) return
    }
  }
  return { ...first.page, messages: messages() }
}

/** Returns the token of a link; a token is its own. */
export function tokenOf(link: string): string {
  return (link.split("/shared/").at(-1) ?? "").split(/[/?#]/)[0] ?? ""
}

function nextQuery(response: Response): Record<string, string> | null {
  const next = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1]
  return next ? Object.fromEntries(new URL(next, "http://localhost").searchParams) : null
}
