import {
  getWebAccountPage,
  getWebAsset,
  getWebManifest,
  getWebPage,
  getWebRoomPage,
  getWebWorker,
} from "../controllers/web-client.controller.ts"
import { WebAsset, WebManifest, WebRoom } from "../schemas/web-client.ts"
import { BUILT_PAGE, type Endpoint, get, media } from "./endpoint.ts"

export const webClientRoutes: Endpoint[] = [
  get("/app", {
    ...BUILT_PAGE,
    summary: "Open the web client",
    description: "A page that chats by this API. Returns 503 where the client isn't built.",
    run: getWebPage,
  }),
  get("/app/chat/:id", {
    ...BUILT_PAGE,
    summary: "Open a chatroom in the web client",
    description: "The same page. It reads the id from its address and asks the API for the room.",
    params: WebRoom,
    run: getWebRoomPage,
  }),
  get("/app/account", {
    ...BUILT_PAGE,
    summary: "Open the account in the web client",
    description: "The same page.",
    run: getWebAccountPage,
  }),
  get("/app/assets/:file", {
    summary: "Get an asset of the web client",
    description: "Scripts, styles and icons of the page, by names that contain a hash of their content.",
    auth: "none",
    params: WebAsset,
    reply: { 200: media("text/css", "text/javascript", "image/svg+xml", "image/png") },
    errors: ["not_found"],
    run: getWebAsset,
  }),
  get("/app/sw.js", {
    summary: "Get the service worker of the web client",
    description:
      "Keeps the page and its files in the browser, so that it opens offline. It keeps nothing of the API.",
    auth: "none",
    requestHeaders: ["If-None-Match"],
    responseHeaders: ["ETag"],
    reply: { 200: media("text/javascript"), 304: null },
    errors: ["not_found"],
    run: getWebWorker,
  }),
  get("/app/manifest.webmanifest", {
    summary: "Get the manifest of the web client",
    description: "What a device needs to install the page: its name, which is `APP_NAME`, and icons.",
    auth: "none",
    reply: { 200: WebManifest },
    errors: ["not_found"],
    run: getWebManifest,
  }),
]
