import type { Endpoint } from "../endpoint.ts"
import { createComponents } from "./components.ts"
import { describeOperation } from "./operation.ts"
import { describeTags } from "./tags.ts"
import type { OpenApi } from "./types.ts"

/** Describes `rows`, from which the routes are made too. */
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
    servers: [{ url: "/", description: "The server that serves this document." }],
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
      "The `token` of `POST /auth/verify-otp`, `/auth/login` or `/auth/refresh`. It expires after 15 minutes.",
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
      "A browser session from `POST /admin/session`. Only the server's own pages can make changes with it.",
  },
  metricsToken: { type: "http", scheme: "bearer", description: "`METRICS_TOKEN`, or `ADMIN_TOKEN`." },
}

const ABOUT = `A chat backend: users sign in by phone, open chatrooms and send messages, and Google Gemini answers through a queue.

- JSON in camelCase. Ids are UUIDs, times are ISO 8601 in UTC. Replies may gain fields; ignore those you don't know.
- Errors are \`application/problem+json\` (RFC 9457). Branch on \`code\`. Another user's resource is 404, like one that doesn't exist. An unsupported method is 405.
- Lists are arrays; \`Link: <…>; rel="next"\` is the next page.
- Limited endpoints carry \`RateLimit\` and \`RateLimit-Policy\`, and \`Retry-After\` on 429.
- Resume an event stream with \`Last-Event-ID\`. A comment every 15 seconds keeps it open. It ends when its access token expires: refresh the token and resume.
- \`Idempotency-Key\` makes it safe to retry a request that creates something.
`
