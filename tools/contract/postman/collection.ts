import { hasStream, type OpenApi, operationsOf } from "../../../src/routes/openapi/types.ts"
import { toRequest } from "./request.ts"
import { BODIES, keepsOf, SIGN_IN_ORDER } from "./variables.ts"
import { SIGN_IN_AGAIN, type Step, WALK } from "./walk.ts"

type Endpoint = ReturnType<typeof operationsOf>[number]

/** What ends something that the other requests need. A logout ends the session, so the last one signs in again. */
const ENDINGS = [
  "DELETE /chatroom/{id}/message/{messageId}",
  "DELETE /chatroom/{id}/share",
  "DELETE /chatroom/{id}",
  "POST /auth/logout",
  SIGN_IN_AGAIN,
  "DELETE /user/me",
]

/** Creates a collection: the walk, then every endpoint by tag, streams and those that end something last. */
export function createCollection(document: OpenApi): object {
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
      folder("Walk", "From a new number to a reply, step by step.", walk(document)),
      ...foldersByTag(document),
      folder(
        "Streams",
        "Server-sent events. Send them one by one to watch. A room's stream doesn't end by itself, so a run leaves it out.",
        streams(document),
      ),
      folder(
        "Endings",
        "These end the message, the link, the room, the session and the user that the other folders use: run them last.",
        endings(document),
      ),
    ],
  }
}

const walk = (document: OpenApi) =>
  WALK.flatMap((step) => toStep(document, find(document, step.endpoint), step))

function foldersByTag(document: OpenApi): object[] {
  const others = operationsOf(document).filter(
    (endpoint) => !ENDINGS.includes(endpoint.name) && !isStream(document, endpoint),
  )
  const tags = document.tags as { name: string; description: string }[]
  return tags.map(({ name, description }) => {
    const ofTag = others.filter(({ operation }) => operation.tags.includes(name))
    return folder(
      name,
      description,
      inOrder(ofTag).map((endpoint) => toItem(document, endpoint)),
    )
  })
}

/** Those that end come first, so that a run hears them. */
function streams(document: OpenApi): object[] {
  return operationsOf(document)
    .filter((endpoint) => isStream(document, endpoint))
    .sort((one, other) => Number(isEndless(one)) - Number(isEndless(other)))
    .map((endpoint) => toItem(document, endpoint))
}

function endings(document: OpenApi): object[] {
  return ENDINGS.flatMap((ending) => {
    if (typeof ending !== "string") return toStep(document, find(document, ending.endpoint), ending)
    const endpoint = find(document, ending)
    return endpoint ? [toItem(document, endpoint)] : []
  })
}

const find = (document: OpenApi, name: string) => operationsOf(document).find((each) => each.name === name)

const isStream = (document: OpenApi, { method, operation }: Endpoint) =>
  method === "GET" && hasStream(document, operation)

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
    request: toRequest(document, endpoint, { body: BODIES[endpoint.name] }),
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
