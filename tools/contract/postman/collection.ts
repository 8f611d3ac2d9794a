import { hasStream, type OpenApi, operationsOf } from "../../../src/routes/openapi/types.ts"
import { toRequest } from "./request.ts"
import { keepsOf, SIGN_IN_ORDER } from "./variables.ts"
import { SIGN_IN_AGAIN, type Step, WALK } from "./walk.ts"

type Endpoint = ReturnType<typeof operationsOf>[number]

/** What ends something that the other requests need. A logout ends the session, so the last one signs in again. */
const ENDINGS = ["DELETE /chatroom/{id}", "POST /auth/logout", SIGN_IN_AGAIN, "DELETE /user/me"]

/** Creates a collection: the walk, then every endpoint by tag, streams and those that end something last. */
export function createCollection(document: OpenApi): object {
  const endpoints = operationsOf(document)
  const find = (name: string) => endpoints.find((each) => each.name === name)
  const isStream = ({ method, operation }: Endpoint) => method === "GET" && hasStream(document, operation)
  const toItems = (chosen: Endpoint[]) => chosen.map((endpoint) => toItem(document, endpoint))
  const plain = endpoints.filter((endpoint) => !ENDINGS.includes(endpoint.name) && !isStream(endpoint))
  const tags = document.tags as { name: string; description: string }[]
  return {
    info: {
      name: "Gemini Backend API",
      description:
        "Import this and the environment beside it. Run the whole collection, or the folder Walk first: it signs in with a new number and fills the environment's variables, which the other folders use. For the folder Operators set `admin_token`, which the server shows when it starts.",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    auth: { type: "bearer", bearer: [{ key: "token", value: "{{auth_token}}", type: "string" }] },
    event: [script("prerequest", [COUNT])],
    item: [
      folder(
        "Walk",
        "From a new number to a reply, step by step.",
        WALK.flatMap((step) => toStep(document, find(step.endpoint), step)),
      ),
      ...tags.map(({ name, description }) =>
        folder(
          name,
          description,
          toItems(inOrder(plain.filter(({ operation }) => operation.tags.includes(name)))),
        ),
      ),
      folder(
        "Streams",
        "Server-sent events. Send them one by one to watch. A room's stream doesn't end by itself, so a run leaves it out.",
        toItems(
          endpoints.filter(isStream).sort((one, other) => Number(isEndless(one)) - Number(isEndless(other))),
        ),
      ),
      folder(
        "Endings",
        "These end the room, the session and the user that the other folders use: run them last.",
        ENDINGS.flatMap((ending) =>
          typeof ending === "string"
            ? toItems([find(ending) ?? []].flat())
            : toStep(document, find(ending.endpoint), ending),
        ),
      ),
    ],
  }
}

const folder = (name: string, description: string, item: object[]) => ({ name, description, item })

/** A code must be asked for before it is used, and a session listed before it is ended. */
function inOrder(endpoints: Endpoint[]): Endpoint[] {
  const placeOf = ({ name }: Endpoint) => SIGN_IN_ORDER.indexOf(name)
  return endpoints.toSorted((one, other) => placeOf(one) - placeOf(other))
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
      type: /token|otp|password/.test(key) ? "secret" : "default",
      enabled: true,
    })),
    _postman_variable_scope: "environment",
  }
}

const DEFAULTS = {
  base_url: "http://localhost:3000",
  mobile_number: "1234567890",
  password: "correct horse",
  polls: "0",
  // Nobody's: to be replaced by what an operator wants to act on.
  reply_id: "00000000-0000-7000-8000-000000000000",
  user_id: "00000000-0000-7000-8000-000000000000",
  event_id: "evt_unknown",
}

function toStep(document: OpenApi, endpoint: Endpoint | undefined, step: Step): object[] {
  if (!endpoint) return []
  const { name, statuses = [200], script: lines = [], before } = step
  const test = script("test", [
    checkStatus(`the status is ${statuses.join(" or ")}`, statuses),
    ...onSuccess([...lines, ...keepsOf(endpoint.name)]),
  ])
  const event = [...(before ? [script("prerequest", before)] : []), test]
  return [{ name, event, request: toRequest(document, endpoint, step), response: [] }]
}

const onSuccess = (lines: string[]) =>
  lines.length === 0
    ? []
    : [
        "if (pm.response.code < 300) {",
        "  const body = pm.response.json()",
        ...lines.map((line) => `  ${line}`),
        "}",
      ]

const checkStatus = (claim: string, statuses: number[]) =>
  `pm.test("${claim}", () => pm.expect(pm.response.code).to.be.oneOf(${JSON.stringify(statuses)}))`

function toItem(document: OpenApi, endpoint: Endpoint): object {
  const { operation } = endpoint
  const statuses = Object.keys(operation.responses).map(Number)
  return {
    name: operation.summary,
    event: [
      ...(isEndless(endpoint) ? [script("prerequest", [SKIP])] : []),
      script("test", [
        checkStatus("the status is documented", statuses),
        ...onSuccess(keepsOf(endpoint.name)),
      ]),
    ],
    request: toRequest(document, endpoint),
    response: [],
  }
}

/** Streams of rooms and lists last as long as somebody listens, those of replies until the reply is final. */
const isEndless = ({ path }: Endpoint) => path.endsWith("/events")

/** These variables live as long as a run, or as a single request that is sent by hand. */
const COUNT = 'pm.variables.set("request_number", Number(pm.variables.get("request_number") ?? 0) + 1)'

/** A run can't stop listening; a person can. */
const SKIP = 'if (pm.variables.get("request_number") > 1) pm.execution.skipRequest()'

const script = (listen: "test" | "prerequest", exec: string[]) => ({
  listen,
  script: { type: "text/javascript", exec },
})
