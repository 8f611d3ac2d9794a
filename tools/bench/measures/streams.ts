import { once } from "node:events"
import { type ClientRequest, get } from "node:http"
import { type Api, type Site, startApi } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"

/**
 * Opened first, not counted and kept open: what the first streams load is there once, and the young generation of
 * V8's heap, which any traffic fills, has grown to its bound. Without them that is what is measured.
 */
const WARM_UP = 1_000
const COUNTED = 2_000

/** As many as a browser's tabs that come back together. */
const AT_ONCE = 50

/** A chunk and then nothing, for as long as the provider's silence is put up with. */
const STALLING = "[[gemini:stall after=1]]"

/** Memory per open stream, in bytes, of a server that does nothing else. */
export interface StreamMemory {
  /** Of a reply that stands still. */
  replyBytes: number
  /** Of a room in which a reply stands still. */
  roomBytes: number
}

export async function measureStreams(site: Site, user: User): Promise<StreamMemory> {
  return {
    replyBytes: await measure(site, user, (room, reply) => `/chatroom/${room}/message/${reply}/stream`),
    roomBytes: await measure(site, user, (room) => `/chatroom/${room}/events`),
  }
}

async function measure(site: Site, user: User, pathOf: (room: string, reply: string) => string) {
  await using stack = new AsyncDisposableStack()
  const { api, url } = await startApi(site.machine, site.env, "all", ["--expose-gc"])
  stack.defer(() => api.stop())
  const [[room = ""] = []] = await createRooms(site.pool, [user], 1)
  const headers = { Authorization: `Bearer ${user.token}` }
  const path = `${url}/chatroom/${room}/message`
  const { reply } = await post<{ reply: { id: string } }>(path, { message: STALLING }, headers)
  // Otherwise it goes back into the queue with the server's end, and stands still in what is measured next.
  stack.defer(() => post(`${path}/${reply.id}/cancel`, {}, headers))
  const address = `${url}${pathOf(room, reply.id)}`
  stack.defer(await openStreams(Array(WARM_UP).fill(address), headers))
  const before = await residentBytes(api)
  stack.defer(await openStreams(Array(COUNTED).fill(address), headers))
  return ((await residentBytes(api)) - before) / COUNTED
}

/** After its garbage is collected, which `usage` does: twice, since the first frees what the second finds dead. */
async function residentBytes(api: Api["api"]): Promise<number> {
  await api.usage()
  return (await api.usage()).rssBytes
}

/** Opens streams and waits for the first event of each. @returns what closes them */
async function openStreams(urls: string[], headers: Record<string, string>): Promise<() => void> {
  const requests: ClientRequest[] = []
  for (let opened = 0; opened < urls.length; opened += AT_ONCE) {
    const some = urls.slice(opened, opened + AT_ONCE)
    requests.push(...(await Promise.all(some.map((url) => openStream(url, headers)))))
  }
  return () => {
    for (const request of requests) request.destroy()
  }
}

async function openStream(url: string, headers: Record<string, string>): Promise<ClientRequest> {
  const request = get(url, { headers, agent: false })
  const [response] = await once(request, "response")
  if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`)
  await once(response, "data")
  response.on("error", () => undefined)
  request.on("error", () => undefined)
  return request
}
