import type { Token, TokenizerAndRendererExtension } from "marked"
import { readingOf } from "./lexer.ts"

/** A mark in the text that leads to a footnote. */
export interface NoteMark {
  type: "noteMark"
  raw: string
  label: string
}

/** The footnotes of a text: what they say, and the numbers that their marks have, in the order of the first marks. */
export class Notes {
  readonly texts = new Map<string, Token[]>()
  readonly numbers = new Map<string, number>()

  copy(): Notes {
    const copy = new Notes()
    for (const [label, tokens] of this.texts) copy.texts.set(label, tokens)
    for (const [label, number] of this.numbers) copy.numbers.set(label, number)
    return copy
  }

  /** Adds the notes among a text's blocks. The first of a name stays. */
  collect(blocks: readonly Token[]): void {
    for (const block of blocks) if (isNoteText(block)) this.add(block.label, block.tokens)
  }

  add(label: string, tokens: Token[]): void {
    if (!this.texts.has(label)) this.texts.set(label, tokens)
  }

  /** The number of a note, from 1. */
  numberOf(label: string): number {
    const number = this.numbers.get(label) ?? this.numbers.size + 1
    this.numbers.set(label, number)
    return number
  }

  /** What the notes that have marks say, in their order. One that isn't written yet is left out. */
  inOrder(): { number: number; tokens: Token[] }[] {
    return [...this.numbers].flatMap(([label, number]) => {
      const tokens = this.texts.get(label)
      return tokens ? [{ number, tokens }] : []
    })
  }
}

/** What a note says, wherever it stands in the text. */
export interface NoteText {
  type: "noteText"
  raw: string
  label: string
  tokens: Token[]
}

/** `[^1]: what the note says`, with the lines that are indented below it. */
export const noteText: TokenizerAndRendererExtension = {
  name: "noteText",
  level: "block",
  start(src) {
    return beforeBlank(src).match(/\n(?=\[\^[^\]\s]{1,50}\]:)/)?.index
  },
  tokenizer(src): NoteText | undefined {
    const begin = src.match(/^\[\^([^\]\s]{1,50})\]:[ \t]*/)
    if (!begin) return undefined
    const raw = src.slice(0, endOfNote(src))
    const text = raw.slice(begin[0].length).replace(/\n[ \t]{1,4}/g, "\n")
    const note = { label: begin[1] as string, tokens: this.lexer.blockTokens(text, []) }
    readingOf(this).notes.add(note.label, note.tokens)
    return { type: "noteText", raw, ...note }
  },
}

/** Lines go on until a blank one that no indented one follows, or another note. */
function endOfNote(src: string): number {
  let end = lineEnd(src, 0)
  while (end < src.length) {
    const next = lineEnd(src, end)
    const line = src.slice(end, next)
    if (line.trim() === "") {
      const after = src.slice(next, lineEnd(src, next))
      if (!/^(?: {2}|\t)[ \t]*\S/.test(after)) return end
    } else if (line.startsWith("[^")) return end
    end = next
  }
  return end
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf("\n", from)
  return at < 0 ? text.length : at + 1
}

/** `[^1]` where there is such a note, or may be one yet. */
export const noteMark: TokenizerAndRendererExtension = {
  name: "noteMark",
  level: "inline",
  tokenizer(src): NoteMark | undefined {
    const found = src.match(/^\[\^([^\]\s]{1,50})\]/)
    const label = found?.[1]
    if (!found || label === undefined) return undefined
    const { notes, isGrowing } = readingOf(this)
    return isGrowing || notes.texts.has(label) ? { type: "noteMark", raw: found[0], label } : undefined
  },
}

/** What may belong to the paragraph that a text begins with; looking further at each of them would cost too much. */
export function beforeBlank(src: string): string {
  const end = src.indexOf("\n\n")
  return end < 0 ? src : src.slice(0, end)
}

export const isNoteText = (token: { type: string }): token is NoteText => token.type === "noteText"
