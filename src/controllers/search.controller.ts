import type { SearchQuery } from "../schemas/search.ts"
import type { Context } from "../services/context.ts"
import { type Finding, searchTexts } from "../services/search/search-texts.ts"
import { ok, type UserInput } from "./http.ts"
import { nextLink } from "./page-link.ts"
import { presentChatroom } from "./presenters/chatroom.ts"
import { presentMessage } from "./presenters/message.ts"

export async function getSearch(ctx: Context, { user, query }: UserInput<{ query: SearchQuery }>) {
  const { items, next, waiting } = await searchTexts(ctx, { userId: user.userId, ...query })
  return ok(
    items.map((finding) => presentFinding(ctx, finding)),
    { "X-Search-Pending": String(waiting), ...nextLink("/search", query, next) },
  )
}

function presentFinding(ctx: Context, { room, message, excerpt }: Finding) {
  return {
    room: presentChatroom(room, ctx.config.gemini.model),
    message: message && presentMessage(ctx, message),
    excerpt: { text: excerpt.text, start: excerpt.start, matches: excerpt.matches },
  }
}
