import type { Endpoint } from "../endpoint.ts"
import { createComponents } from "./components.ts"
import { describeOperation } from "./operation.ts"
import { describeTags } from "./tags.ts"
import type { OpenApi } from "./types.ts"

/** The contract of `rows`, of which the routes are made, too. */
export function describeApi(rows: readonly Endpoint[], version: string): OpenApi {
  const components = createComponents()
  const paths: OpenApi["paths"] = {}
  for (const row of rows) {
    const path = row.path.replace(/:(\w+)/g, "{$1}")
    paths[path] = { ...paths[path], [row.method]: describeOperation(row, components) }
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Gemini chat backend",
      version,
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The server that this document comes from." }],
    tags: describeTags(rows.map(({ path }) => path)),
    paths,
    components: { ...components.toJson(), securitySchemes: SECURITY_SCHEMES },
  }
}

const SECURITY_SCHEMES = {
  accessToken: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "The `token` of `POST /auth/verify-otp`, `/auth/login` or `/auth/refresh`. It lives 15 minutes.",
  },
  adminToken: {
    type: "http",
    scheme: "bearer",
    description: "`ADMIN_TOKEN`, or the access token of a user with the role admin.",
  },
  adminSession: {
    type: "apiKey",
    in: "cookie",
    name: "admin_session",
    description:
      "A browser's, from `POST /admin/session`. With it, only the server's own pages may change anything.",
  },
  metricsToken: { type: "http", scheme: "bearer", description: "`METRICS_TOKEN`, or `ADMIN_TOKEN`." },
}

const ABOUT = `A chat backend: people sign in by phone, open chatrooms and send messages; Google Gemini answers through a queue.

- JSON in and out, in camelCase. Ids are UUIDs, times ISO 8601 in UTC. Replies may get more fields; ignore what you don't know.
- Errors are \`application/problem+json\` (RFC 9457). Decide on \`code\`. What belongs to somebody else is 404, like what doesn't exist. A method that a path doesn't have is 405.
- Lists are arrays; \`Link: <…>; rel="next"\` leads to the next page.
- Limited endpoints carry \`RateLimit\` and \`RateLimit-Policy\`, and \`Retry-After\` on 429.
- An event stream is resumed by \`Last-Event-ID\`. A comment every 15 seconds keeps it open. It ends with its access token: refresh and resume.
- \`Idempotency-Key\` makes it safe to send a creating request again.
`
