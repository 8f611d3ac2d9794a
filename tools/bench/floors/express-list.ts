import express from "express"
import { listenAndTell } from "./listen.ts"

// Express 5 with nothing but the answer: what no server on it can be quicker than. The rooms are the same.
const rooms: unknown = JSON.parse(process.env.FLOOR_ROOMS as string)

const app = express()
app.disable("x-powered-by")
app.set("etag", false)
app.get("/chatroom", (_req, res) => {
  res.json(rooms)
})
listenAndTell(app)
