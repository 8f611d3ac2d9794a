/** What a reply was made without, and why. Clients may rely on the codes; the messages may change. */
export type NoticeCode = keyof typeof NOTICES

const NOTICES = {
  web_search_limit:
    "You have used web search as often as your plan allows today, so this reply was made without it.",
  url_context_limit:
    "You have let pages be read as often as your plan allows today, so this reply was made without them.",
  web_search_unsupported: "The model that replied can't search the web.",
  url_context_unsupported: "The model that replied can't read pages.",
  thinking_unsupported: "The model that replied has no levels of thinking.",
} as const

/** Returns a notice as users read it; `code` may be one that another version of this program stored. */
export function toNotice(code: string): { code: string; message: string } {
  const message = NOTICES[code as NoticeCode] ?? "The reply was made without something that was asked for."
  return { code, message }
}
