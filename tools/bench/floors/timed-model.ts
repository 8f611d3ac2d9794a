import { setTimeout as pause } from "node:timers/promises"
import express from "express"
import { listenAndTell } from "./listen.ts"

// A model whose every chunk is the time at which it was sent, so that a listener can tell how long it was on its way.
const CHUNKS = Number(process.env.CHUNKS)
const EVERY_MS = Number(process.env.EVERY_MS)

const app = express()
app.post(/:streamGenerateContent$/, async (_req, res) => {
  res.setHeader("Content-Type", "text/event-stream")
  res.flushHeaders()
  const startedAt = performance.now()
  for (let n = 0; n < CHUNKS; n++) {
    await pause(Math.max(0, startedAt + n * EVERY_MS - performance.now()))
    const text = `${(performance.timeOrigin + performance.now()).toFixed(3)};`
    const isLast = n === CHUNKS - 1
    const candidate = {
      content: { role: "model", parts: [{ text }] },
      ...(isLast && { finishReason: "STOP" }),
    }
    res.write(`data: ${JSON.stringify({ candidates: [candidate] })}\n\n`)
  }
  res.end()
})
listenAndTell(app)
