import type { ThinkingLevel, Tool } from "../../../models/chatroom.ts"
import { factsAbout } from "../../chat/model-facts.ts"

/** Returns the level of thinking to ask a model for; null: say nothing about it. */
export function thinkingFor(model: string, wanted: ThinkingLevel | null | undefined): ThinkingLevel | null {
  return wanted ? nearestLevel(factsAbout(model).thinking, wanted) : null
}

/** Returns those of the wanted tools that a model knows; it would refuse the others. */
export function toolsFor(model: string, wanted: readonly Tool[] = []): Tool[] {
  return wanted.filter((tool) => factsAbout(model).tools.includes(tool))
}

const LEVELS: readonly ThinkingLevel[] = ["low", "medium", "high"]

/** Returns the nearest to the wanted level that is known, the lower of two; null without any, which would be refused. */
export function nearestLevel(known: readonly ThinkingLevel[], wanted: ThinkingLevel): ThinkingLevel | null {
  const distance = (level: ThinkingLevel) => Math.abs(LEVELS.indexOf(level) - LEVELS.indexOf(wanted))
  const found = LEVELS.filter((level) => known.includes(level))
  return found.toSorted((a, b) => distance(a) - distance(b))[0] ?? null
}
