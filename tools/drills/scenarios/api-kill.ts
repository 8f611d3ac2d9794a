import type { Scenario } from "../scenario.ts"
import { killApi } from "./strikes.ts"

/** An API process dies by `kill -9` while requests are under way, over and over. */
export const apiKill: Scenario = {
  name: "api-kill",
  about: "kill -9 of an API process mid-request; clients try again at the other one under the same key",
  explains:
    "API processes die by `kill -9` with 16 more requests under way. Clients that got no answer ask the other process under the same `Idempotency-Key`, and resume their streams there.",
  async run(stage) {
    for (let strike = 0; strike < stage.strikes; strike++) await killApi(stage)
  },
}
