import { createServer } from "node:http"
import { tellPort } from "./listen.ts"

// Node's own server with ready bytes: what nothing that runs on it can be quicker than.
const body = Buffer.from(process.env.FLOOR_ROOMS as string)
const headers = { "Content-Type": "application/json; charset=utf-8", "Content-Length": body.length }

const server = createServer((_req, res) => {
  res.writeHead(200, headers).end(body)
})
server.listen(0, "127.0.0.1", () => tellPort(server))
