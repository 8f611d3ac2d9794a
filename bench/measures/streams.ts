import { once } from "node:events"
import { get } from "node:http"
import { type Site, startApi } from "../helpers/site.ts"
import { createRooms, post, type User } from "../helpers/users.ts"

/** Opened first and not counted: what the first streams load is there once. */
const WARM_UP = 50
const COUNTED = 500

/** A chunk and then nothing, for as long as the provider's silence is put up with. */
const STALLING = "[[gemini:stall after=1]]"

/** @returns memory per open stream of a reply that stands still, in bytes, of a server that does nothing else */
export async function measureStreams(site: Site, user: User): Promise<number> {
  await using stack = new AsyncDisposableStack()
  const { api, url } = await startApi(site.machine, site.env, "all", ["--expose-gc"])
  stack.defer(() => api.stop())
  const [[room] = []] = await createRooms(site.pool, [user], 1)
  const headers = { Authorization: `Bearer ${user.token}` }
  const { reply } = await post<{ reply: { id: string } }>(
    `${url}/chatroom/${room}/message`,
    { message: STALLING },
    headers,
  )
  const path = `${url}/chatroom/${room}/message/${reply.id}/stream`
  stack.defer(await openStreams(path, headers, WARM_UP))
  const before = await api.usage()
  stack.defer(await openStreams(path, headers, COUNTED))
  const after = await api.usage()
  return (after.rssBytes - before.rssBytes) / COUNTED
}

/** Opens streams and waits for the first event of each. @returns what closes them */
async function openStreams(url: string, headers: Record<string, string>, count: number): Promise<() => void> {
  const requests = Array.from({ length: count }, () => get(url, { headers, agent: false }))
  await Promise.all(
    requests.map(async (request) => {
      const [response] = await once(request, "response")
      if (response.statusCode !== 200) throw new Error(`A stream was refused: ${response.statusCode}`)
      await once(response, "data")
      response.on("error", () => undefined)
      request.on("error", () => undefined)
    }),
  )
  return () => {
    for (const request of requests) request.destroy()
  }
}
