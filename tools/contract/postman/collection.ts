import { hasStream, type OpenApi, operationsOf } from "../../../src/routes/openapi/types.ts"
import { toRequest } from "./request.ts"
import { type Step, WALK } from "./walk.ts"

type Endpoint = ReturnType<typeof operationsOf>[number]

/** What ends something that the other requests need. */
const ENDINGS = ["DELETE /chatroom/{id}", "POST /auth/logout", "DELETE /user/me"]

/** Creates a collection: the walk, then every endpoint by tag, those that end something last. */
export function createCollection(document: OpenApi): object {
  const endpoints = operationsOf(document)
  const isEnding = ({ name }: Endpoint) => ENDINGS.includes(name)
  const endpointsOf = (tag: string) =>
    endpoints.filter((endpoint) => endpoint.operation.tags.includes(tag) && !isEnding(endpoint))
  const tags = document.tags as { name: string; description: string }[]
  return {
    info: {
      name: "Gemini Backend API",
      description:
        "Import this and the environment beside it. Run the folder Walk first: it signs in and fills the environment's variables, which the other folders use.",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    auth: { type: "bearer", bearer: [{ key: "token", value: "{{auth_token}}", type: "string" }] },
    item: [
      {
        name: "Walk",
        description: "From a new number to a reply, step by step.",
        item: WALK.flatMap((step) => toStep(document, endpoints, step)),
      },
      ...tags.map(({ name, description }) => ({
        name,
        description,
        item: endpointsOf(name).map((endpoint) => toItem(document, endpoint)),
      })),
      {
        name: "Endings",
        description:
          "These end the room, the session and the user that the other folders use: run them last.",
        item: ENDINGS.map((name) =>
          toItem(document, endpoints.find((each) => each.name === name) as Endpoint),
        ),
      },
    ],
  }
}

/** The variables of `collection`. Those without a value are filled by the walk or by hand. */
export function createEnvironment(collection: object): object {
  const used = [...JSON.stringify(collection).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name as string)
  const values = { ...Object.fromEntries([...new Set(used)].map((name) => [name, ""])), ...DEFAULTS }
  return {
    name: "Gemini Backend API: local",
    values: Object.entries(values).map(([key, value]) => ({
      key,
      value,
      type: /token|otp/.test(key) ? "secret" : "default",
      enabled: true,
    })),
    _postman_variable_scope: "environment",
  }
}

const DEFAULTS = {
  base_url: "http://localhost:3000",
  mobile_number: "1234567890",
  checkout_url: "",
  polls: "0",
  skip_streams: "false",
}

function toStep(document: OpenApi, endpoints: Endpoint[], step: Step): object[] {
  const endpoint = endpoints.find(({ name }) => name === step.endpoint)
  if (!endpoint) return []
  const { name, statuses = [200], script: lines } = step
  const test = script("test", [
    checkStatus(`the status is ${statuses.join(" or ")}`, statuses),
    ...(lines ? ["const body = pm.response.json()", ...lines] : []),
  ])
  return [{ name, event: [test], request: toRequest(document, endpoint, step), response: [] }]
}

const checkStatus = (claim: string, statuses: number[]) =>
  `pm.test("${claim}", () => pm.expect(pm.response.code).to.be.oneOf(${JSON.stringify(statuses)}))`

function toItem(document: OpenApi, endpoint: Endpoint): object {
  const { method, operation } = endpoint
  const statuses = Object.keys(operation.responses).map(Number)
  const isStreamOnly = method === "GET" && hasStream(document, operation)
  return {
    name: operation.summary,
    event: [
      ...(isStreamOnly ? [script("prerequest", [SKIP])] : []),
      script("test", [checkStatus("the status is documented", statuses)]),
    ],
    request: toRequest(document, endpoint),
    response: [],
  }
}

/** A runner without a window can't stop watching a stream. */
const SKIP = 'if (pm.environment.get("skip_streams") === "true") pm.execution.skipRequest()'

const script = (listen: "test" | "prerequest", exec: string[]) => ({
  listen,
  script: { type: "text/javascript", exec },
})
