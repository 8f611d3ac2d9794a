import { describe, expect, test } from "vitest"
import { factsAbout } from "../../src/services/chat/model-facts.ts"
import { nearestLevel, thinkingFor } from "../../src/services/replies/provider/model-settings.ts"

describe("the level of thinking that a model is asked for", () => {
  test("is the wanted one where the model knows it", () => {
    for (const level of factsAbout("gemini-3.8-flash").thinking)
      expect(thinkingFor("gemini-3.8-flash", level)).toBe(level)
  })

  test("is none where none is wanted, and for a model without levels or one that nobody knows", () => {
    expect(thinkingFor("gemini-3.8-flash", null)).toBeNull()
    for (const model of ["gemini-2.5-flash", "gemini-99-unheard-of", "gemma-3-27b-it"])
      expect(thinkingFor(model, "high")).toBeNull()
  })

  test("is otherwise the nearest, the lower of two", () => {
    expect(nearestLevel(["low", "high"], "medium")).toBe("low")
    expect(nearestLevel(["high"], "low")).toBe("high")
    expect(nearestLevel(["low", "medium"], "high")).toBe("medium")
    expect(nearestLevel([], "high")).toBeNull()
  })
})
