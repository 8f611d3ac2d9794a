import type { OfferedModel } from "../../services/chat/offered-models.ts"

/** Presents a model to a user who may choose it. */
export function presentModel(model: OfferedModel) {
  return {
    id: model.name,
    name: model.title,
    tier: model.tier,
    inputTokens: model.inputTokens,
    outputTokens: model.outputTokens,
    thinking: model.thinking,
    tools: model.tools,
    attachments: model.attachments,
    default: model.isDefault,
  }
}
