/** A part of a text, such as a paragraph or a list, as safe HTML. */
export interface Block {
  html: string
  /** What it was made safe from: the same is safe already. */
  written: string
  /** The Markdown of a block that depends on nothing else, which costs more to write than others: code. */
  code?: string | undefined
}

/** Blocks that stand together. As long as it is the same array, nothing in it has changed. */
export type Group = readonly Block[]

/** So many in a group: a piece of text has to look at one group, and at one entry for each of the others. */
export const GROUP_SIZE = 20

/** Blocks of a text that can't change any more, in groups that stay the same once they are full. */
export class Settled {
  private full: Group[] = []
  private rest: Block[] = []

  add(blocks: readonly Block[]): void {
    const all = [...this.rest, ...blocks]
    const end = all.length - (all.length % GROUP_SIZE)
    for (let at = 0; at < end; at += GROUP_SIZE) this.full.push(all.slice(at, at + GROUP_SIZE))
    this.rest = all.slice(end)
  }

  /** All groups, with the blocks that may still change in the last. */
  with(open: readonly Block[]): Group[] {
    return this.rest.length + open.length > 0 ? [...this.full, [...this.rest, ...open]] : [...this.full]
  }

  all(): Block[] {
    return [...this.full.flat(), ...this.rest]
  }
}

export function toGroups(blocks: readonly Block[]): Group[] {
  const groups = new Settled()
  groups.add(blocks)
  return groups.with([])
}
