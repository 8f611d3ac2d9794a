import { createSecretKey } from "node:crypto"
import express from "express"
import jwt from "jsonwebtoken"
import pg from "pg"
import { z } from "zod"
import { listenAndTell } from "./listen.ts"

// With a full-text index of messages as PostgreSQL's manual has it, for one language: no other forms of words, no pages, no
// offsets, no names of rooms.
const { DATABASE_URL, JWT_SECRET } = process.env as Record<string, string>

const Claims = z.object({ sub: z.string() })
const key = createSecretKey(Buffer.from(JWT_SECRET as string))
// One process for each query, as for the server: parallel ones need shared memory that a container may not have.
const options = "-c max_parallel_workers_per_gather=0"
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10, options })

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.get("/search", async (req, res) => {
  const token = req.headers.authorization?.slice("Bearer ".length) ?? ""
  const { sub } = Claims.parse(jwt.verify(token, key, { algorithms: ["HS256"] }))
  const { rows } = await pool.query({
    name: "search",
    text: `SELECT id, chatroom_id, content, ts_headline('simple', content, query) AS excerpt FROM (
        SELECT m.*, query FROM messages AS m, plainto_tsquery('simple', $2) AS query
        WHERE to_tsvector('simple', m.content) @@ query AND m.user_id = $1
        ORDER BY ts_rank(to_tsvector('simple', m.content), query) DESC LIMIT 50
      ) AS best`,
    values: [sub, req.query.q],
  })
  res.json(rows)
})
listenAndTell(app)
