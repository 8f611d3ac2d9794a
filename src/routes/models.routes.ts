import { getModels } from "../controllers/models.controller.ts"
import { Model } from "../schemas/models.ts"
import { type Endpoint, get } from "./endpoint.ts"

export const modelRoutes: Endpoint[] = [
  get("/models", {
    summary: "List the models that you may choose",
    description:
      "The service's operator decides which models are offered, and which of them need Pro. The list has those that your tier may use.",
    auth: "user",
    limit: "read",
    reply: { 200: Model.array() },
    run: getModels,
  }),
]
