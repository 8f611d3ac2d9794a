import { getHome, getLiveness, getMetrics, getReadiness } from "../controllers/system.controller.ts"
import { Live, Ready } from "../schemas/system.ts"
import { type Endpoint, get, media } from "./endpoint.ts"

const liveness = get("/health/live", {
  summary: "Tell whether the process runs",
  description: "Looks at nothing else, so that trouble elsewhere doesn't get the process restarted.",
  auth: "none",
  reply: { 200: Live },
  run: getLiveness,
})

const metrics = get("/metrics", {
  summary: "Get this process's metrics",
  description:
    "In Prometheus's text format. Outside production it is open as long as neither `METRICS_TOKEN` nor `ADMIN_TOKEN` is set.",
  auth: "metrics",
  reply: { 200: media("text/plain") },
  run: getMetrics,
})

/** What a worker without an API answers. */
export const workerRows: Endpoint[] = [liveness, metrics]

export const systemRoutes: Endpoint[] = [
  get("/", {
    summary: "Say that the service is here",
    description: "The words `Home Route`; a small page for a browser.",
    auth: "none",
    reply: { 200: media("text/plain", "text/html") },
    run: getHome,
  }),
  liveness,
  metrics,
  get("/health/ready", {
    summary: "Tell whether requests can be answered",
    description:
      "`degraded` is 200: prompts are accepted, and answered once the queue and a worker are back. Without the database it is 503.",
    auth: "none",
    reply: { 200: Ready, 503: Ready },
    run: getReadiness,
  }),
]
