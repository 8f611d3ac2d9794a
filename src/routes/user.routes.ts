import { streamRoomList } from "../controllers/chatroom.controller.ts"
import { getMyUsage } from "../controllers/usage.controller.ts"
import {
  deleteMe,
  getMe,
  getMyExport,
  patchMe,
  postNumberChange,
  postNumberProof,
} from "../controllers/user.controller.ts"
import { NumberChange, NumberProof, OtpSent } from "../schemas/auth.ts"
import { roomListEvents } from "../schemas/chat.ts"
import { DailyUsage, UsageQuery } from "../schemas/usage.ts"
import { Deleting, Export, User, UserChange } from "../schemas/user.ts"
import { del, type Endpoint, eventStream, get, patch, post } from "./endpoint.ts"

export const userRoutes: Endpoint[] = [
  get("/user/me", {
    summary: "Get your account",
    description: "Returns the account of the access token.",
    auth: "user",
    limit: "read",
    reply: { 200: User },
    run: getMe,
  }),
  patch("/user/me", {
    summary: "Change your name",
    description: "`null` removes the name.",
    auth: "user",
    limit: "write",
    body: UserChange,
    reply: { 200: User },
    run: patchMe,
  }),
  post("/user/me/mobile-number", {
    summary: "Send a code to your new mobile number",
    description:
      "The response is the same for a number that is taken. Limits are those of other codes. Requires a session that was opened with a code in the last 10 minutes, or else the current password. Only this session can use the code.",
    auth: "user",
    limit: "auth",
    body: NumberChange,
    reply: { 202: OtpSent },
    errors: ["current_password_invalid", "recent_sign_in_required"],
    run: postNumberChange,
  }),
  post("/user/me/mobile-number/verify", {
    summary: "Change your mobile number with the code",
    description:
      "The code from `POST /user/me/mobile-number` works once, within five minutes. Your other sessions end, and the old number is free for a new account. What was sent today counts on for both numbers.",
    auth: "user",
    limit: "auth",
    body: NumberProof,
    reply: { 200: User },
    errors: ["otp_invalid", "mobile_number_taken"],
    run: postNumberProof,
  }),
  del("/user/me", {
    summary: "Delete your account and all its data",
    description:
      "All tokens stop working at once. Rooms, messages and sessions are erased in the background, and the mobile number can be registered again. How many prompts were sent today stays with a keyed hash of the number until the day ends (UTC), so that a new account goes on with the day's quota.",
    auth: "user",
    limit: "write",
    reply: { 202: Deleting },
    run: deleteMe,
  }),
  get("/user/me/export", {
    summary: "Export all your data",
    description: "Streams one JSON document, to be saved as a file. It can be long.",
    auth: "user",
    limit: "write",
    reply: { 200: Export },
    responseHeaders: ["Content-Disposition"],
    run: getMyExport,
  }),
  get("/user/me/usage", {
    summary: "Get your usage by day and model",
    description:
      "Newest day first: prompts, tokens and what the provider charged for them, titles and summaries included. A failed or cancelled reply costs what its calls cost. Deleting chatrooms doesn't change it.",
    auth: "user",
    limit: "read",
    query: UsageQuery,
    reply: { 200: DailyUsage.array() },
    run: getMyUsage,
  }),
  get("/user/me/events", {
    summary: "Stream the changes of your list of chatrooms",
    description:
      "Server-sent events: `chatroom` (a room was created or changed, or a reply in it began or ended), with its fields as in the list, and `deleted` with the room's `id`. Includes what your other devices do. `reset` comes first where the stream doesn't continue from `Last-Event-ID`, because there was none or it is older than 12 hours: load `GET /chatroom` then; all that changes from the `reset` on follows. The same change may come twice. The number of open streams per user is limited: one more ends the oldest, with `evicted`.",
    auth: "user",
    limit: "read",
    requestHeaders: ["Last-Event-ID"],
    reply: { 200: eventStream(roomListEvents) },
    run: streamRoomList,
  }),
]
