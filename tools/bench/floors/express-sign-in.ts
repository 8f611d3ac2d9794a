import { createHmac, createSecretKey, randomInt } from "node:crypto"
import express from "express"
import jwt from "jsonwebtoken"
import pg from "pg"
import { z } from "zod"
import { listenAndTell } from "./listen.ts"

// A code by one INSERT of its hash, a sign-in by one UPDATE and one JWT: no limits, no waits between codes, no wrong
// guesses, no sessions, no refresh tokens, no log, no headers.
const { DATABASE_URL, JWT_SECRET } = process.env as Record<string, string>

const Ask = z.object({ mobileNumber: z.string() })
const Verify = z.object({ mobileNumber: z.string(), otp: z.string() })
const key = createSecretKey(Buffer.from(JWT_SECRET as string))
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 10 })
await pool.query(`CREATE TABLE IF NOT EXISTS floor_codes (
  mobile_number text PRIMARY KEY, code_hash bytea NOT NULL, expires_at timestamptz NOT NULL, consumed_at timestamptz)`)

const hash = (mobileNumber: string, code: string) =>
  createHmac("sha256", key).update(`${mobileNumber}|${code}`).digest()

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.use(express.json())
app.post("/auth/send-otp", async (req, res) => {
  const { mobileNumber } = Ask.parse(req.body)
  const otp = String(randomInt(1_000_000)).padStart(6, "0")
  await pool.query({
    name: "send",
    text: `INSERT INTO floor_codes (mobile_number, code_hash, expires_at) VALUES ($1, $2, now() + '5 minutes')
      ON CONFLICT (mobile_number) DO UPDATE
      SET code_hash = excluded.code_hash, expires_at = excluded.expires_at, consumed_at = NULL`,
    values: [mobileNumber, hash(mobileNumber, otp)],
  })
  res.status(202).json({ expiresIn: 300, resendIn: 0, otp })
})
app.post("/auth/verify-otp", async (req, res) => {
  const { mobileNumber, otp } = Verify.parse(req.body)
  const { rows } = await pool.query({
    name: "verify",
    text: `UPDATE floor_codes SET consumed_at = now() FROM users
      WHERE floor_codes.mobile_number = $1 AND code_hash = $2 AND consumed_at IS NULL AND expires_at > now()
        AND users.mobile_number = floor_codes.mobile_number
      RETURNING users.id, users.mobile_number AS "mobileNumber", users.name`,
    values: [mobileNumber, hash(mobileNumber, otp)],
  })
  const [user] = rows
  if (!user) return void res.status(401).json({ code: "otp_invalid" })
  const token = jwt.sign({}, key, { algorithm: "HS256", subject: user.id, expiresIn: "1h" })
  res.json({ token, tokenType: "Bearer", expiresIn: 3600, user })
})
listenAndTell(app)
