import { type Chatroom, client } from "../api/client.ts"
import { saveFile } from "../ui/save-file.ts"

/** Saves a conversation as a file: all of it as JSON, or what is shown as Markdown. @throws what the service answers */
export async function exportRoom({ id, name }: Chatroom, format: "json" | "markdown"): Promise<void> {
  const file = name.replace(/[^\p{L}\p{N} ._-]/gu, " ").trim() || "conversation"
  if (format === "markdown")
    saveFile(`${file}.md`, await client.exportChatroom(id, { format }), "text/markdown")
  else saveFile(`${file}.json`, JSON.stringify(await client.exportChatroom(id), null, 2), "application/json")
}
