import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { expect, test } from "vitest"
import { withTimeout } from "../../src/utils/with-timeout.ts"

const BOUND_MS = 100

test("a wait ends after its time", async () => {
  const { promise } = Promise.withResolvers<void>()
  await expect(withTimeout(BOUND_MS, promise)).rejects.toThrow(
    expect.objectContaining({ name: "TimeoutError" }),
  )
})

test("what came while the process stood still has come in time", async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1")
  const [other] = (await once(server, "connection")) as [Socket]
  const answered = withTimeout(BOUND_MS, once(client, "data"))
  // The answer is in the socket, and is read after the timers that are due.
  setImmediate(() => {
    other.write("it has come")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * BOUND_MS)
  })
  expect(String((await answered)[0])).toBe("it has come")
  client.destroy()
  server.close()
})
