import type { Scenario } from "../scenario.ts"
import { workerKill } from "./worker-kill.ts"

/** In the order in which a drill runs them. */
export const scenarios: readonly Scenario[] = [workerKill]
