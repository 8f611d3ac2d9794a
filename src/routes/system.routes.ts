import { getHome, getLiveness, getMetrics, getReadiness } from "../controllers/system.controller.ts"
import { Live, Ready } from "../schemas/system.ts"
import { type Endpoint, get, media } from "./endpoint.ts"

const liveness = get("/health/live", {
  summary: "Check that the process is running",
  description: "Checks nothing else, so that an outage elsewhere doesn't restart the process.",
  auth: "none",
  reply: { 200: Live },
  run: getLiveness,
})

const metrics = get("/metrics", {
  summary: "Get the metrics of this process",
  description:
    "Prometheus text format. Outside production no token is required unless `METRICS_TOKEN` or `ADMIN_TOKEN` is set.",
  auth: "metrics",
  reply: { 200: media("text/plain") },
  run: getMetrics,
})

/** The endpoints of a worker without an API. */
export const workerRows: Endpoint[] = [liveness, metrics]

export const systemRoutes: Endpoint[] = [
  get("/", {
    summary: "Show that the service is up",
    description: "Returns the words `Home Route`, or a small page to browsers.",
    auth: "none",
    reply: { 200: media("text/plain", "text/html") },
    run: getHome,
  }),
  liveness,
  metrics,
  get("/health/ready", {
    summary: "Check that requests can be served",
    description:
      "`degraded` returns 200: prompts are accepted and answered once the queue and a worker are back. Returns 503 without the database.",
    auth: "none",
    reply: { 200: Ready, 503: Ready },
    run: getReadiness,
  }),
]
