import { stopInOrder } from "../cluster.ts"
import type { Exchange } from "../load.ts"
import type { Scenario } from "../scenario.ts"
import { untilTalking } from "./strikes.ts"

/** Every process is stopped in order and started again, one after the other, while streams are open. */
export const rollingRestart: Scenario = {
  name: "rolling-restart",
  about:
    "SIGTERM and a new start of every process, one after the other, with 200 streams open (40 with --quick)",
  explains:
    "Every API and worker process is stopped by SIGTERM and started again, one after the other, with at least 200 streams open at the beginning (40 in the quick drill). Clients whose connection is refused or cut ask the other process. U1: beside such connection errors no request fails, and every process stops in order; I4 says that every stream is complete.",
  async run(stage) {
    const { cluster, load, isQuick, struck, client } = stage
    await untilTalking(stage)
    const streams = isQuick ? 40 : 200
    await load.burst({ count: streams, chunks: 20, delayMs: 400, mix: {} })
    stage.note("streams open at the beginning", String(load.exchanges.filter(isOpen).length))
    const problems: string[] = []
    for (const service of [...cluster.apis, ...cluster.workers]) {
      problems.push(...(await stopInOrder(service)))
      await service.start()
      struck()
    }
    const refusals = [...client.refusals()].map(
      ([status, count]) => `${count} requests were answered ${status}`,
    )
    stage.demand("U1", "no request is answered 5xx, and every process stops in order", () => ({
      checked: cluster.apis.length + cluster.workers.length,
      broken: [...problems, ...refusals],
    }))
  },
}

const isOpen = ({ heard }: Exchange) => heard.connections > 0 && heard.dones.length === 0
