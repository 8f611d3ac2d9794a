interface Time {
  /** This tab has seen the reply begin. */
  isWhole: boolean
  /** When the first thought came, and how long it was until the first text, in ms. */
  since: number | null
  tookMs: number | null
}

const NOTHING: Time = { isWhole: false, since: null, tookMs: null }

/** Times from the first thought to the first text, by reply. A tab that comes later doesn't know when it began. */
export function createThinkingTimes(now = () => performance.now()) {
  const times = new Map<string, Time>()
  const of = (id: string) => times.get(id) ?? NOTHING
  return {
    /** The reply waits for its turn. The stream may have told of its first thought before, so that is kept. */
    expect: (id: string) => void times.set(id, { ...of(id), isWhole: true }),
    restart: (id: string) => void times.set(id, { ...NOTHING, isWhole: true }),
    begin: (id: string) => void times.set(id, { ...of(id), since: of(id).since ?? now() }),
    end(id: string) {
      const { since, tookMs } = of(id)
      if (since !== null) times.set(id, { ...of(id), tookMs: tookMs ?? now() - since })
    },
    /** In ms; null where it isn't known. */
    of: (id: string) => (of(id).isWhole ? of(id).tookMs : null),
  }
}
