import { Worker } from "bullmq"
import { Redis } from "ioredis"
import pg from "pg"

// The least that makes replies and is exact about it: a claim with a fencing number, a call by `fetch`, every piece of
// text published on Redis, and an end that writes only what its own claim made and counts its tokens. No order within a
// room, no checkpoints, no takeover, no fallback, no log, and no other end than a whole reply.
const { DATABASE_URL, REDIS_URL, GEMINI_BASE_URL, GEMINI_API_KEY } = process.env as Record<string, string>

const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
const redis = new Redis(REDIS_URL as string)

const CLAIM = `UPDATE probe_messages SET status = 'running', attempt = attempt + 1, lease_until = now() + interval '3 s'
  WHERE id = $1 AND (status = 'queued' OR status = 'running' AND lease_until < now()) RETURNING attempt, chatroom_id`
const READ = `SELECT role, content FROM probe_messages WHERE chatroom_id = $1 AND status = 'completed'
  ORDER BY created_at DESC LIMIT 50`
const FINISH = `WITH done AS (
    UPDATE probe_messages SET status = 'completed', content = $3, tokens = $4, completed_at = now(), lease_until = NULL
    WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING user_id
  )
  INSERT INTO probe_days AS d (user_id, day, used, tokens) SELECT user_id, current_date, 0, $4 FROM done
  ON CONFLICT (user_id, day) DO UPDATE SET tokens = d.tokens + excluded.tokens`

const worker = new Worker<{ replyId: string }>("probe-queue", ({ data }) => reply(data.replyId), {
  connection: new Redis(REDIS_URL as string, { maxRetriesPerRequest: null }),
  concurrency: Number(process.env.WORKER_CONCURRENCY ?? 200),
})
await worker.waitUntilReady()
process.send?.({ port: 0 })

async function reply(id: string): Promise<void> {
  const claimed = await pool.query({ name: "claim", text: CLAIM, values: [id] })
  if (claimed.rows.length === 0) return
  const { attempt, chatroom_id } = claimed.rows[0]
  const { rows } = await pool.query({ name: "read", text: READ, values: [chatroom_id] })
  const contents = rows.toReversed().map(({ role, content }) => ({ role, parts: [{ text: content }] }))
  let text = ""
  let tokens = 0
  for await (const chunk of call(contents)) {
    const piece = chunk.candidates?.[0]?.content?.parts?.[0]?.text ?? ""
    tokens = chunk.usageMetadata?.totalTokenCount ?? tokens
    text += piece
    void redis.publish(`probe:${id}`, piece)
  }
  await pool.query({ name: "finish", text: FINISH, values: [id, attempt, text, tokens] })
}

interface Chunk {
  candidates?: { content?: { parts?: { text?: string }[] } }[]
  usageMetadata?: { totalTokenCount?: number }
}

async function* call(contents: object[]): AsyncGenerator<Chunk> {
  const response = await fetch(
    `${GEMINI_BASE_URL}/v1/models/gemini-3.8-flash:streamGenerateContent?alt=sse`,
    {
      method: "POST",
      headers: { "Content-Type": "application/json", "x-goog-api-key": GEMINI_API_KEY as string },
      body: JSON.stringify({ contents }),
    },
  )
  if (!response.ok || !response.body) throw new Error(`The model answered ${response.status}.`)
  const decoder = new TextDecoder()
  let rest = ""
  for await (const bytes of response.body) {
    const events = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n\r?\n/)
    rest = events.pop() ?? ""
    for (const event of events) if (event.startsWith("data:")) yield JSON.parse(event.slice(5)) as Chunk
  }
}
