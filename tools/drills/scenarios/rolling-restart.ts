import { stopInOrder } from "../../lib/cluster.ts"
import { type Exchange, isAnswered } from "../exchange.ts"
import type { Scenario } from "../scenario.ts"

/** Every process is stopped in order and started again, one after the other, while streams are open. */
export const rollingRestart: Scenario = {
  name: "rolling-restart",
  about:
    "SIGTERM and a new start of every process, one after the other, with 200 streams open (40 with --quick)",
  explains:
    "Every API and worker process is stopped by SIGTERM and started again, one after the other, with at least 200 streams open at the beginning (40 in the quick drill). Clients whose connection is refused or cut ask the other process. U1: beside such connection errors no request fails, and every process stops in order; I4 says that every stream is complete.",
  async run(stage) {
    const { cluster, load, isQuick, struck, client } = stage
    const streams = isQuick ? 40 : 200
    await load.burst({ count: streams, chunks: 20, delayMs: 400, mix: {} })
    const open = load.exchanges.filter(isOpen).length
    stage.note("streams open at the beginning", String(open))
    const problems = !isQuick && open < streams ? [`only ${open} streams were open at the beginning`] : []
    for (const service of cluster.services) {
      problems.push(...(await stopInOrder(service)))
      await service.start()
      struck()
    }
    for (const [status, count] of client.refusals())
      problems.push(`${count} requests were answered ${status}`)
    const claim = "no request is answered 5xx, no stream is refused, and every process stops in order"
    stage.demand("U1", claim, () => ({
      checked: cluster.services.length,
      broken: [...problems, ...load.exchanges.flatMap(refusedStreams)],
    }))
  },
}

const refusedStreams = ({ replyId, heard }: Exchange) =>
  heard.refusals.map((status) => `the stream of ${replyId} was answered ${status}`)

const isOpen = (exchange: Exchange) => exchange.heard.connections > 0 && !isAnswered(exchange)
