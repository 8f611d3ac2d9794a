import { home, live, ready } from "../controllers/system.controller.ts"
import { Live, Ready } from "../schemas/system.ts"
import { get, type Row } from "./row.ts"

export const systemRoutes: Row[] = [
  get("/", { summary: "Say that the service is here", auth: "none", reply: { 200: null }, run: home }),
  get("/health/live", { summary: "Whether the process runs", auth: "none", reply: { 200: Live }, run: live }),
  get("/health/ready", {
    summary: "Whether requests can be answered",
    auth: "none",
    reply: { 200: Ready, 503: Ready },
    run: ready,
  }),
]
