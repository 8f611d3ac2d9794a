import type { Scenario } from "../scenario.ts"
import { apiKill } from "./api-kill.ts"
import { clockSkew } from "./clock-skew.ts"
import { conversations } from "./conversations.ts"
import { cuts } from "./cuts.ts"
import { mixed } from "./mixed.ts"
import { postgresStop } from "./postgres-stop.ts"
import { providerStorm } from "./provider-storm.ts"
import { redisFlush } from "./redis-flush.ts"
import { redisFreeze } from "./redis-freeze.ts"
import { redisFull } from "./redis-full.ts"
import { redisKill } from "./redis-kill.ts"
import { redisRewind } from "./redis-rewind.ts"
import { rollingRestart } from "./rolling-restart.ts"
import { slowDownloads } from "./slow-downloads.ts"
import { slowReaders } from "./slow-readers.ts"
import { standbyAsync, standbySync } from "./standby.ts"
import { stranded } from "./stranded.ts"
import { workerKill } from "./worker-kill.ts"

/** In the order in which a drill runs them. */
export const scenarios: readonly Scenario[] = [
  workerKill,
  apiKill,
  redisKill,
  redisFreeze,
  redisFull,
  redisFlush,
  redisRewind,
  postgresStop,
  standbySync,
  standbyAsync,
  stranded,
  providerStorm,
  clockSkew,
  slowReaders,
  slowDownloads,
  rollingRestart,
  cuts,
  conversations,
  mixed,
]
