import type { Signal } from "@preact/signals"
import type { Message } from "../api/client.ts"
import type { Thread } from "./open-thread.ts"
import { PromptView } from "./prompt-view.tsx"
import { ReplyView } from "./reply-view.tsx"

/** A message. It is rendered again when it changes, and when no other does. */
export function MessageView({ thread, message }: { thread: Thread; message: Signal<Message> }) {
  return message.value.role === "user" ? (
    <PromptView thread={thread} message={message.value} />
  ) : (
    <ReplyView thread={thread} message={message.value} />
  )
}
