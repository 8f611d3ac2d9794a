import { type Signal, signal } from "@preact/signals"

/** A reply while it is made. */
export interface Live {
  text: string
  thoughts: string
  /** The attempt before was given up; its text stays in sight until the new one has some. */
  old: string | null
}

const NOTHING: Live = { text: "", thoughts: "", old: null }

/** Texts of replies in the making, which are shown once a frame, however often something comes. */
export function createLiveTexts() {
  const shown = new Map<string, Signal<Live>>()
  const newest = new Map<string, Live>()
  const changed = new Set<string>()
  let frame = 0

  function show() {
    frame = 0
    for (const id of changed) of(id).value = newest.get(id) ?? NOTHING
    changed.clear()
  }

  function change(id: string, to: (live: Live) => Live): void {
    newest.set(id, to(newest.get(id) ?? NOTHING))
    changed.add(id)
    // A hidden page has no frames, and nobody looks.
    if (document.hidden) show()
    else if (frame === 0) frame = requestAnimationFrame(show)
  }

  function of(id: string): Signal<Live> {
    const known = shown.get(id)
    if (known) return known
    const made = signal(newest.get(id) ?? NOTHING)
    shown.set(id, made)
    return made
  }

  return {
    of,
    addText: (id: string, text: string) =>
      change(id, (live) => ({ ...live, text: live.text + text, old: null })),
    addThought: (id: string, text: string) =>
      change(id, (live) => ({ ...live, thoughts: live.thoughts + text })),
    restart: (id: string) =>
      change(id, (live) => ({ text: "", thoughts: "", old: live.text || live.old || "" })),
    /** The reply has ended: its message has the text. */
    end(id: string) {
      newest.delete(id)
      changed.delete(id)
      shown.delete(id)
    },
    all: () => [...newest],
    setAll(all: [string, Live][]) {
      newest.clear()
      for (const [id, live] of all) change(id, () => live)
    },
    clear() {
      for (const id of [...newest.keys()]) change(id, () => NOTHING)
      newest.clear()
    },
  }
}

export type LiveTexts = ReturnType<typeof createLiveTexts>
