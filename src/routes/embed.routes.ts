import {
  getEmbedAccountPage,
  getEmbedPage,
  getEmbedRoomPage,
  getEmbedScript,
} from "../controllers/embed.controller.ts"
import { WebRoom } from "../schemas/web-client.ts"
import { BUILT_PAGE, type Endpoint, get, media } from "./endpoint.ts"

export const embedRoutes: Endpoint[] = [
  get("/embed.js", {
    summary: "Get the script that puts the web client into a page of another site",
    description: "For `<script src>`. docs/EMBED.md has its attributes.",
    auth: "none",
    requestHeaders: ["If-None-Match"],
    responseHeaders: ["ETag"],
    reply: { 200: media("text/javascript"), 304: null },
    run: getEmbedScript,
  }),
  get("/embed", {
    ...BUILT_PAGE,
    summary: "Open the web client in a frame",
    description: "The page of `/app`, which pages of the origins in `CORS_ORIGINS` may frame.",
    run: getEmbedPage,
  }),
  get("/embed/chat/:id", {
    ...BUILT_PAGE,
    summary: "Open a chatroom in a frame",
    description: "The same page.",
    params: WebRoom,
    run: getEmbedRoomPage,
  }),
  get("/embed/account", {
    ...BUILT_PAGE,
    summary: "Open the account in a frame",
    description: "The same page.",
    run: getEmbedAccountPage,
  }),
]
