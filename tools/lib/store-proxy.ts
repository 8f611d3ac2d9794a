import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

/** Stands between a service and a store, and can take the store away or make its answers late. */
export interface StoreProxy {
  /** The store's URL by way of the proxy. */
  url: string
  /** Keeps the store's answers back. */
  hold(): void
  /** Lets them go. */
  release(): void
  /** Drops every open connection silently: nothing passes any more and nobody is told. New ones work. */
  strand(): void
  /** Breaks every connection and takes no new one. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** Sees what passes over one connection. */
export interface Tap {
  sent(chunk: Buffer): void
  answered(chunk: Buffer): void
}

/**
 * Starts a proxy in front of the store at the URL.
 * @param openTap is called for every connection
 */
export async function startProxy(store: string, openTap?: () => Tap): Promise<StoreProxy> {
  const target = new URL(store)
  const pairs = new Set<[near: Socket, far: Socket]>()
  const stranded = new WeakSet<Socket>()
  let isCut = false
  let isHeld = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(Number(target.port), target.hostname)
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const socket of pair) {
      socket.on("error", () => undefined)
      socket.on("close", () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
    const tap = openTap?.()
    if (tap) {
      near.on("data", tap.sent)
      far.on("data", tap.answered)
    }
    near.on("data", (chunk) => stranded.has(far) || far.write(chunk))
    far.on("data", (chunk) => stranded.has(far) || near.write(chunk))
    if (isHeld) far.pause()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = new URL(store)
  url.host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const breakAll = () => {
    for (const [near, far] of pairs) {
      near.destroy()
      far.destroy()
    }
  }
  return {
    url: url.href,
    hold() {
      isHeld = true
      for (const [, far] of pairs) far.pause()
    },
    release() {
      isHeld = false
      for (const [, far] of pairs) far.resume()
    },
    strand() {
      for (const [, far] of pairs) stranded.add(far)
    },
    cut() {
      isCut = true
      breakAll()
    },
    mend() {
      isCut = false
    },
    async close() {
      server.close()
      breakAll()
      await once(server, "close")
    },
  }
}
