import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import type { Express } from "express"

/** Listens on a free port and tells the benchmark which. */
export function listenAndTell(app: Express): void {
  const server = app.listen(0, "127.0.0.1", () => tellPort(server))
}

/** Tells the benchmark where a server listens. */
export function tellPort(server: Server): void {
  process.send?.({ port: (server.address() as AddressInfo).port })
}
