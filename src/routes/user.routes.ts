import { getMyUsage } from "../controllers/usage.controller.ts"
import { deleteMe, getMe, getMyExport, patchMe } from "../controllers/user.controller.ts"
import { DailyUsage, UsageQuery } from "../schemas/usage.ts"
import { Deleting, Export, User, UserChange } from "../schemas/user.ts"
import { del, type Endpoint, get, patch } from "./endpoint.ts"

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
]
