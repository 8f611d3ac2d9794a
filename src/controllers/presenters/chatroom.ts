import type { ChatroomRecord } from "../../services/chat/find-chatroom.ts"

/** Presents a chatroom to its owner. Rooms without a model use `defaultModel`. */
export function presentChatroom(room: ChatroomRecord, defaultModel: string) {
  return {
    id: room.id,
    name: room.name,
    model: room.model ?? defaultModel,
    systemInstruction: room.systemInstruction,
    context: room.context,
    nameBy: room.nameBy,
    thinking: room.thinking,
    webSearch: room.webSearch,
    urlContext: room.urlContext,
    pinned: room.pinned,
    archivedAt: room.archivedAt?.toISOString() ?? null,
    temporary: room.temporary,
    headId: room.headId,
    lastMessageAt: room.lastMessageAt?.toISOString() ?? null,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
  }
}
