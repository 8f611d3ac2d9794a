import { getSearch } from "../controllers/search.controller.ts"
import { SearchQuery, SearchResult } from "../schemas/search.ts"
import { type Endpoint, get } from "./endpoint.ts"

export const searchRoutes: Endpoint[] = [
  get("/search", {
    summary: "Search your messages and the names of your chatrooms",
    description:
      "Best first: the best of the newest matches, then of the next older ones. Other forms of a word are found (`run` finds `running`), without regard to case and accents; the last word may be unfinished. Archived chatrooms are searched, temporary ones aren't. What was written a moment ago may be missing: `X-Search-Pending` says how much that is. The pages of one search show each match once, whatever is written meanwhile; a page may be shorter than `limit`, or empty.",
    auth: "user",
    limit: "search",
    query: SearchQuery,
    reply: { 200: SearchResult.array() },
    responseHeaders: ["X-Search-Pending"],
    run: getSearch,
  }),
]
