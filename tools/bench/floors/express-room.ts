import { createSecretKey } from "node:crypto"
import express from "express"
import jwt from "jsonwebtoken"
import pg from "pg"
import { z } from "zod"
import { listenAndTell } from "./listen.ts"

// A room and its newest messages by one query, with the columns that the server shows: no branches, no siblings, no
// waits, no limits, no log, no headers.
const { DATABASE_URL, JWT_SECRET } = process.env as Record<string, string>

const Claims = z.object({ sub: z.string() })
const key = createSecretKey(Buffer.from(JWT_SECRET as string))
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.get("/chatroom/:id", async (req, res) => {
  const token = req.headers.authorization?.slice("Bearer ".length) ?? ""
  const { sub } = Claims.parse(jwt.verify(token, key, { algorithms: ["HS256"] }))
  const { rows } = await pool.query({
    name: "room",
    text: `SELECT c.name, m.id, m.parent_id, m.role, m.content, m.thoughts, m.attachments, m.citations, m.search_queries,
        m.notices, m.status, m.error_code, m.error_message, m.model, m.finish_reason, m.prompt_tokens, m.cached_tokens,
        m.output_tokens, m.thought_tokens, m.tool_tokens, m.total_tokens, m.cost_amount, m.cost_currency, m.feedback,
        m.created_at, m.completed_at
      FROM chatrooms AS c JOIN messages AS m ON m.user_id = c.user_id AND m.chatroom_id = c.id AND m.position > 0
      WHERE c.user_id = $1 AND c.id = $2 ORDER BY m.position DESC LIMIT 50`,
    values: [sub, req.params.id],
  })
  res.json({ id: req.params.id, name: rows[0]?.name, messages: rows.reverse() })
})
listenAndTell(app)
