import { Socket, type SocketConstructorOpts } from "node:net"
import { pause, SECOND } from "../../../src/utils/time.ts"
import type { Scenario } from "../scenario.ts"
import { BASE_BYTES, inMegabytes, residentBytes } from "./slow-readers.ts"

/** How much the API processes may grow for each client: twice what an idle connection takes, far less than the file. */
const PER_CLIENT_BYTES = 50_000

/** 1.5 MB: as many copies as there are clients would be gigabytes. */
const FILE = "/docs/swagger-ui-bundle.js"

/** Clients ask for a large file and read next to nothing of it. */
export const slowDownloads: Scenario = {
  name: "slow-downloads",
  about: "clients ask for a large file and hardly read",
  explains:
    "3,000 connections (200 in the quick drill) ask for a file of 1.5 MB and read 200 bytes a second, for 30 s (5 s). M2 is how much the API processes grew meanwhile, by their resident memory.",
  async run(stage) {
    const { cluster, load, isQuick, signal, struck } = stage
    const before = residentBytes(cluster)
    const count = isQuick ? 200 : 3_000
    const ports = cluster.apis.map(({ url }) => Number(new URL(url as string).port))
    const downloads = Array.from({ length: count }, (_, n) => readSlowly(ports[n % ports.length] as number))
    struck()
    let peak = 0
    const watch = setInterval(() => {
      peak = Math.max(peak, residentBytes(cluster) - before)
    }, 200)
    await load.burst({ count: isQuick ? 20 : 100, mix: {} })
    await pause((isQuick ? 5 : 30) * SECOND, signal)
    clearInterval(watch)
    for (const { socket } of downloads) socket.destroy()
    const begun = downloads.filter(({ hasBegun }) => hasBegun()).length
    const mayGrow = cluster.apis.length * BASE_BYTES + count * PER_CLIENT_BYTES
    if (before === 0) return stage.note("memory", "can't be read on this system")
    stage.note("slow downloads", String(begun))
    stage.note("API processes together grew by", inMegabytes(peak))
    stage.demand("M2", `the API processes grow by less than ${inMegabytes(mayGrow)} together`, () => ({
      checked: begun,
      broken: [
        ...(begun < count ? [`${count - begun} of ${count} downloads didn't begin`] : []),
        ...(peak > mayGrow ? [`they grew by ${inMegabytes(peak)}`] : []),
      ],
    }))
  },
}

function readSlowly(port: number): { socket: Socket; hasBegun(): boolean } {
  const socket = new Socket({ highWaterMark: 200 } as SocketConstructorOpts).connect({
    port,
    host: "127.0.0.1",
  })
  socket.on("error", () => undefined)
  socket.write(`GET ${FILE} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
  let isServed = false
  const timer = setInterval(() => {
    const bytes = socket.read(200) ?? socket.read()
    isServed ||= String(bytes).startsWith("HTTP/1.1 200")
  }, SECOND)
  socket.once("close", () => clearInterval(timer))
  return { socket, hasBegun: () => isServed }
}
