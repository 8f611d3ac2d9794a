import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"

/** Finds a TCP port on 127.0.0.1 that is free right now. */
export function findFreePort(): Promise<number> {
  return listenBriefly(0)
}

/** Whether nothing listens on the TCP port of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return listenBriefly(port).then(
    () => true,
    () => false,
  )
}

async function listenBriefly(wanted: number): Promise<number> {
  await using server = createServer()
  await once(server.listen(wanted, "127.0.0.1"), "listening")
  return (server.address() as AddressInfo).port
}
