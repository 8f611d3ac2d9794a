/** How often the tab that holds a stream gives a sign of life. */
export const BEAT_MS = 5_000

/** One that has been silent for so long is frozen. */
const SILENT_MS = 20_000

/** Notices that the tab which holds a stream gives no sign of life, as a frozen one keeps its lock. */
export function watchHolder({ isNeeded, onSilence }: { isNeeded(): boolean; onSilence(): void }) {
  let heardAt = Date.now()
  let tickedAt = heardAt
  const timer = setInterval(() => {
    // After a sleep of the machine the holder has its turn first.
    if (Date.now() - tickedAt > 2 * BEAT_MS) heardAt = Date.now()
    tickedAt = Date.now()
    if (!isNeeded() || document.hidden || tickedAt - heardAt < SILENT_MS) return
    heardAt = tickedAt
    onSilence()
  }, BEAT_MS)
  return {
    heard() {
      heardAt = Date.now()
    },
    stop: () => clearInterval(timer),
  }
}
