import type { Clock } from "./pace.ts"

export const pageClock: Clock = {
  now: () => performance.now(),
  frame: (then) => void requestAnimationFrame(then),
  wait: (ms, then) => void setTimeout(then, ms),
}
