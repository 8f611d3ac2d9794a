import { createSecretKey, randomUUID } from "node:crypto"
import { Queue } from "bullmq"
import express from "express"
import { Redis } from "ioredis"
import jwt from "jsonwebtoken"
import pg from "pg"
import { z } from "zod"
import { listenAndTell } from "./listen.ts"

// The least that takes a prompt to be replied to by `probe-worker.ts`: as `express-post.ts`, and charged exactly.
const { DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env as Record<string, string>

const NewMessage = z.object({ message: z.string().min(1).max(32_000) })
const Claims = z.object({ sub: z.string() })

const key = createSecretKey(Buffer.from(JWT_SECRET as string))
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
await pool.query(`CREATE TABLE IF NOT EXISTS probe_messages (
  id uuid PRIMARY KEY, chatroom_id uuid NOT NULL, user_id uuid NOT NULL, role text NOT NULL, content text NOT NULL,
  status text NOT NULL, attempt int NOT NULL DEFAULT 0, lease_until timestamptz, tokens int,
  created_at timestamptz NOT NULL DEFAULT now(), completed_at timestamptz)`)
await pool.query("CREATE INDEX IF NOT EXISTS probe_rooms ON probe_messages (chatroom_id, created_at)")
await pool.query(`CREATE TABLE IF NOT EXISTS probe_days (
  user_id uuid NOT NULL, day date NOT NULL, used int NOT NULL, tokens bigint NOT NULL DEFAULT 0, PRIMARY KEY (user_id, day))`)
const queue = new Queue("probe-queue", {
  connection: new Redis(REDIS_URL as string, { maxRetriesPerRequest: null }),
})

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.use(express.json())
app.post("/chatroom/:id/message", async (req, res) => {
  const token = req.headers.authorization?.slice("Bearer ".length) ?? ""
  const { sub } = Claims.parse(jwt.verify(token, key, { algorithms: ["HS256"] }))
  const { message } = NewMessage.parse(req.body)
  const replyId = randomUUID()
  const { rows } = await pool.query({
    name: "send",
    text: `WITH charged AS (
        INSERT INTO probe_days AS d (user_id, day, used) VALUES ($1, current_date, 1)
        ON CONFLICT (user_id, day) DO UPDATE SET used = d.used + 1 WHERE d.used < 1000000000 RETURNING d.user_id
      )
      INSERT INTO probe_messages (id, chatroom_id, user_id, role, content, status)
      SELECT m.id, $2, user_id, m.role, m.content, m.status
      FROM charged, (VALUES ($3::uuid, 'user', $5, 'completed'), ($4::uuid, 'model', '', 'queued'))
        AS m (id, role, content, status)
      RETURNING id, chatroom_id, role, content, status, created_at`,
    values: [sub, req.params.id, randomUUID(), replyId, message],
  })
  if (rows.length === 0) return void res.status(429).json({})
  await queue.add(
    "reply",
    { replyId },
    { jobId: replyId, attempts: 3, removeOnComplete: true, removeOnFail: true },
  )
  res.status(202).json({ prompt: rows[0], reply: rows[1] })
})
listenAndTell(app)
