/** The documentation's tags, in order, with the path prefixes that belong to each. */
const TAGS = [
  {
    name: "Sign-in",
    description: "One-time codes, passwords, tokens and sessions.",
    paths: ["auth"],
  },
  { name: "User", description: "The user's own account.", paths: ["user"] },
  {
    name: "Chatrooms",
    description: "Rooms, the list of them, which is cached, and the models that they may choose.",
    paths: ["chatroom", "models"],
  },
  {
    name: "Messages",
    description: "Prompts and Gemini's replies, which are made by a queue and can be followed as streams.",
    paths: ["chatroom/:id/message", "search"],
  },
  {
    name: "Sharing",
    description: "Links to conversations, which anybody who has one can read.",
    paths: ["chatroom/:id/share", "shared"],
  },
  {
    name: "Attachments",
    description: "Files that prompts name.",
    paths: ["attachment"],
  },
  {
    name: "Export and import",
    description: "Chatrooms as files, and files of other products as chatrooms.",
    paths: ["chatroom/:id/export", "chatroom/import", "import"],
  },
  {
    name: "Subscription",
    description: "The paid tier, by Stripe.",
    paths: ["subscribe", "subscription", "webhook"],
  },
  {
    name: "Operators",
    description: "With `ADMIN_TOKEN`, or as a user with the role admin.",
    paths: ["admin"],
  },
  {
    name: "System",
    description: "Health and documentation.",
    paths: ["", "health", "metrics", "openapi.json", "docs", "app", "embed", "embed.js"],
  },
]

/** Lists the document's `tags`: those that have an endpoint. */
export function describeTags(paths: readonly string[]): { name: string; description: string }[] {
  const used = new Set(paths.map(tagOf))
  return TAGS.filter(({ name }) => used.has(name)).map(({ name, description }) => ({ name, description }))
}

/** Finds the tag with the longest matching prefix. @throws when `path` has none */
export function tagOf(path: string): string {
  const matches = TAGS.flatMap(({ name, paths }) =>
    paths
      .filter((start) => `${path}/`.startsWith(start === "" ? "//" : `/${start}/`))
      .map((start) => ({ name, start })),
  )
  const [best] = matches.sort((a, b) => b.start.length - a.start.length)
  if (!best) throw new Error(`${path} belongs to no tag in routes/openapi/tags.ts`)
  return best.name
}
