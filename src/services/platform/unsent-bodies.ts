/** Bounds what this process keeps for clients that haven't read it yet. */
export interface UnsentBodies {
  /**
   * Counts `bytes` as kept for a client. Where all together are too many, the clients that have taken nothing for
   * longest are cut off, this one last.
   */
  hold(bytes: number, cutOff: () => void): HeldBody
  /** Counts the bytes that are kept. */
  bytes(): number
}

export interface HeldBody extends Disposable {
  /** The client has taken some. */
  progress(): void
}

const NOTHING = () => undefined

export function createUnsentBodies(maxBytes: number): UnsentBodies {
  /** In the order of their last progress. */
  const held = new Map<HeldBody, { bytes: number; cutOff: () => void }>()
  let total = 0
  const release = (body: HeldBody) => {
    const entry = held.get(body)
    if (!entry) return
    total -= entry.bytes
    // The map's table stays a while (see Slots), and would keep the response.
    entry.cutOff = NOTHING
    held.delete(body)
  }
  return {
    bytes: () => total,
    hold(bytes, cutOff) {
      const entry = { bytes, cutOff }
      const body: HeldBody = {
        progress() {
          if (held.delete(body)) held.set(body, entry)
        },
        [Symbol.dispose]: () => release(body),
      }
      held.set(body, entry)
      total += bytes
      for (const [stalled, { cutOff: cut }] of held) {
        if (total <= maxBytes || stalled === body) break
        release(stalled)
        cut()
      }
      return body
    },
  }
}
