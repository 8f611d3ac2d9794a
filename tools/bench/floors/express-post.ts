import { createSecretKey, randomUUID } from "node:crypto"
import { createPostgresBackend, Queue, runMigrations, withBackend } from "bullmq"
import express from "express"
import { Redis } from "ioredis"
import jwt from "jsonwebtoken"
import pg from "pg"
import { z } from "zod"
import { listenAndTell } from "./listen.ts"

// The least that accepts a message: the same libraries and stores, and none of the rules. No quota, no order within
// a room, no ownership, no limits, no log, no headers; a kill loses what was committed and not enqueued.
const { DATABASE_URL, REDIS_URL, JWT_SECRET } = process.env as Record<string, string>

const NewMessage = z.object({ message: z.string().min(1).max(32_000) })
const Claims = z.object({ sub: z.string() })
const JOB_OPTIONS = {
  attempts: 3,
  backoff: { type: "exponential", delay: 2_000 },
  removeOnComplete: true,
  removeOnFail: true,
}

const key = createSecretKey(Buffer.from(JWT_SECRET as string))
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
await pool.query(`CREATE TABLE IF NOT EXISTS floor_messages (
  id uuid PRIMARY KEY, chatroom_id uuid NOT NULL, user_id uuid NOT NULL, content text NOT NULL,
  status text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`)
const queue = REDIS_URL ? openOnRedis(REDIS_URL) : await openOnPostgres(DATABASE_URL as string)

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.use(express.json())
app.post("/chatroom/:id/message", async (req, res) => {
  const token = req.headers.authorization?.slice("Bearer ".length) ?? ""
  const { sub } = Claims.parse(jwt.verify(token, key, { algorithms: ["HS256"] }))
  const { message } = NewMessage.parse(req.body)
  const id = randomUUID()
  const { rows } = await pool.query({
    name: "insert",
    text: `INSERT INTO floor_messages (id, chatroom_id, user_id, content, status)
      VALUES ($1, $2, $3, $4, 'queued') RETURNING id, chatroom_id, content, status, created_at`,
    values: [id, req.params.id, sub, message],
  })
  await queue.add("reply", { messageId: id }, { ...JOB_OPTIONS, jobId: id })
  res.status(202).json(rows[0])
})
listenAndTell(app)

function openOnRedis(url: string) {
  return new Queue("floor-queue", { connection: new Redis(url, { maxRetriesPerRequest: null }) })
}

async function openOnPostgres(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await runMigrations(client)
  await client.end()
  const OnPostgres = withBackend(createPostgresBackend)
  return new OnPostgres.Queue("floor-queue", { connection: { connectionString: url, max: 10 } })
}
