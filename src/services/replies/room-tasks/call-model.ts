import type { Context } from "../../context.ts"
import { recordUse } from "../../usage/record-use.ts"
import { NO_META } from "../provider/gemini.ts"
import { beginSpan, countTokens, describe } from "../provider/model-fallback.ts"
import { thinkingFor } from "../provider/model-settings.ts"
import { toReportedCall } from "../provider/reported-call.ts"
import type { RoomTask } from "./room-task.ts"

/** What a task asks a model: always one text of data and an instruction what to make of it. */
export interface TaskRequest {
  systemInstruction: string
  /** What users and models wrote. It is put into JSON, which nothing inside can end. */
  data: unknown
  maxOutputTokens: number
}

/**
 * Calls a model for a task, once and without its tools. Circuit breakers of replies don't hear of it: what happens to
 * a task must not keep replies waiting.
 * @returns the text
 * @throws {AttemptFailed} and `signal.reason` when aborted
 */
export async function callModel(
  ctx: Context,
  { userId, chatroomId, kind, day }: RoomTask,
  { model, data, signal, ...request }: TaskRequest & { model: string; signal: AbortSignal },
): Promise<string> {
  using span = beginSpan(ctx, model, chatroomId)
  const contents = [{ role: "user", parts: [{ text: JSON.stringify(data) }] }]
  const thinking = thinkingFor(model, "low")
  let text = ""
  let metadata = NO_META
  try {
    for await (const item of ctx.gemini.stream({ ...request, model, thinking, contents, signal })) {
      metadata = item.metadata
      text += item.text
    }
    return text
  } catch (error) {
    span.fail(error)
    throw error
  } finally {
    span.set(describe(metadata))
    countTokens(ctx, model, metadata)
    await recordUse(ctx, { userId, kind, day, call: toReportedCall(model, metadata) })
  }
}
