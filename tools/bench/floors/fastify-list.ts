import { fastify } from "fastify"
import { tellPort } from "./listen.ts"

// Fastify without a schema, as it begins: the rooms go through its JSON, too.
const rooms: unknown = JSON.parse(process.env.FLOOR_ROOMS as string)

const app = fastify()
app.get("/chatroom", (_request, reply) => reply.send(rooms))
await app.listen({ port: 0, host: "127.0.0.1" })
tellPort(app.server)
