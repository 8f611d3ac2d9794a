import { type Signal, signal } from "@preact/signals"
import { createPace } from "./pace.ts"
import { pageClock } from "./page-clock.ts"
import { createThinkingTimes } from "./thinking-times.ts"

/** A reply while it is made. */
export interface Live {
  text: string
  thoughts: string
  /** Of an attempt that was given up: each stays in sight until the new attempt has some. */
  old: { text: string; thoughts: string } | null
  /** An attempt was given up, so what the message's row held is void. */
  isAgain: boolean
}

const NOTHING: Live = { text: "", thoughts: "", old: null, isAgain: false }

/** Texts of replies in the making, which are shown about once a frame at the most, however often something comes. */
export function createLiveTexts() {
  const shown = new Map<string, Signal<Live>>()
  const newest = new Map<string, Live>()
  const changed = new Set<string>()
  const thinking = createThinkingTimes()
  const pace = createPace(show, pageClock)

  function show() {
    for (const id of changed) of(id).value = newest.get(id) ?? NOTHING
    changed.clear()
  }

  function change(id: string, to: (live: Live) => Live): void {
    newest.set(id, to(newest.get(id) ?? NOTHING))
    changed.add(id)
    // A hidden page has no frames, and nobody looks.
    if (document.hidden) pace.now()
    else pace.request()
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
    /** A reply is waited for from its beginning. */
    expect: thinking.expect,
    /** How long the model thought before the text began, where that was seen. */
    thoughtMs: thinking.of,
    addText(id: string, text: string) {
      thinking.end(id)
      change(id, (live) => ({ ...live, text: live.text + text, old: null }))
    },
    addThought(id: string, text: string) {
      thinking.begin(id)
      change(id, (live) => ({ ...live, thoughts: live.thoughts + text }))
    },
    restart(id: string) {
      thinking.restart(id)
      change(id, ({ text, thoughts, old }) => ({
        ...NOTHING,
        old: { text: text || old?.text || "", thoughts: thoughts || old?.thoughts || "" },
        isAgain: true,
      }))
    },
    /** The reply has ended: its message has the text. */
    end(id: string) {
      thinking.end(id)
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
