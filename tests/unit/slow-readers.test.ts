import { createServer, type ServerResponse } from "node:http"
import { expect, test } from "vitest"
import { cutOffSlowReaders } from "../../src/boot/slow-readers.ts"
import { TIMING } from "../../src/config/timing.ts"

const CHECK_MS = 5
const SLOW_MS = 100

/** A response whose reader takes nothing. */
function stalled() {
  const seen = { looks: 0, isCut: false }
  const res = {
    socket: { bytesWritten: 100 },
    get writableLength() {
      seen.looks++
      return 50
    },
    destroy() {
      seen.isCut = true
    },
  }
  return { seen, res: res as unknown as ServerResponse }
}

test("a reader is cut off for its own silence, not for that of the process", async () => {
  const { seen, res } = stalled()
  const server = createServer()
  const timing = { ...TIMING.http, connectionsCheckMs: CHECK_MS, slowReaderMs: SLOW_MS }
  cutOffSlowReaders(server, [res], timing)
  await expect.poll(() => seen.looks, { interval: 1 }).toBeGreaterThan(1)
  // Nothing of this process runs.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3 * SLOW_MS)
  const looks = seen.looks
  await expect.poll(() => seen.looks, { interval: 1 }).toBeGreaterThan(looks)
  expect(seen.isCut).toBe(false)
  await expect.poll(() => seen.isCut).toBe(true)
  server.emit("close")
})
