import { createClient } from "../../../packages/client/src/index.ts"
import { endSession, tokens } from "./tokens.ts"

export type {
  Attachment,
  Chatroom,
  Endpoints,
  Import,
  Message,
  Prompt,
  SearchResult,
  Session,
  Share,
  SharedConversation,
  SharedMessage,
  SubscriptionStatus,
  User,
} from "../../../packages/client/src/index.ts"
export { ApiError, type ChatClient, type StreamEvent } from "../../../packages/client/src/index.ts"

/** The API of the server that the page came from; the client uses no other. */
export const client = createClient({ baseUrl: "", tokens, onSignedOut: endSession })
