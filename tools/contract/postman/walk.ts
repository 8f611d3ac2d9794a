import { keep } from "./variables.ts"

/** One step of the brief's walk: an endpoint of the document, and what is done with its answer. */
export interface Step {
  name: string
  /** Left out while the document has no such endpoint. */
  endpoint: string
  body?: object
  headers?: Record<string, string>
  /** Lines of the script that runs before the request. */
  before?: string[]
  /** Lines of the test script that follow a success, with the response's JSON as `body`. */
  script?: string[]
  /** 200 alone by default. */
  statuses?: number[]
}

const check = (claim: string, expression: string) =>
  `pm.test("${claim}", () => pm.expect(${expression}).to.equal(true))`

/** The walk of "How to Test via Postman": each step passes on what the next one needs. */
export const WALK: Step[] = [
  {
    name: "1. Register a new number",
    endpoint: "POST /auth/signup",
    before: [
      keep("mobile_number", "'202555' + String(Math.floor(Date.now() / 1000)).slice(-4)"),
      keep("new_mobile_number", "'202556' + pm.environment.get('mobile_number').slice(-4)"),
    ],
    body: { mobileNumber: "{{mobile_number}}", name: "Ada" },
    statuses: [201],
  },
  {
    name: "2. Get a code",
    endpoint: "POST /auth/send-otp",
    body: { mobileNumber: "{{mobile_number}}" },
    statuses: [202],
    script: [check("the code is in the reply (OTP_DELIVERY is response)", "typeof body.otp === 'string'")],
  },
  {
    name: "3. Sign in by it",
    endpoint: "POST /auth/verify-otp",
    body: { mobileNumber: "{{mobile_number}}", otp: "{{otp}}" },
    script: [check("the token is a bearer token", "body.tokenType === 'Bearer'")],
  },
  {
    name: "4. Who am I",
    endpoint: "GET /user/me",
    script: [check("a new user is on the free tier", "body.tier === 'basic'")],
  },
  {
    name: "5. Create a chatroom",
    endpoint: "POST /chatroom",
    body: { name: "My First Chat" },
    statuses: [201],
    script: [check("it has its name", "body.name === 'My First Chat'")],
  },
  {
    name: "6. List the chatrooms",
    endpoint: "GET /chatroom",
    script: [
      check("the new one is among them", "body.some(({ id }) => id === pm.environment.get('chatroom_id'))"),
    ],
  },
  {
    name: "7. Send a message",
    endpoint: "POST /chatroom/{id}/message",
    body: { message: "Hello, how are you?" },
    statuses: [202],
    script: [check("its reply is queued or running", "body.reply.role === 'model'"), keep("polls", "0")],
  },
  {
    name: "8. Read the reply until it is final",
    endpoint: "GET /chatroom/{id}/message/{messageId}",
    script: [
      "const polls = Number(pm.environment.get('polls')) + 1",
      keep("polls", "String(polls)"),
      "if (body.completedAt === null && polls < 60) {",
      "  setTimeout(() => {}, 500)",
      "  pm.execution.setNextRequest(pm.info.requestName)",
      "} else {",
      `  ${check("the reply is completed", "body.status === 'completed' && body.content !== ''")}`,
      `  ${keep("answered_chatroom_id", "body.chatroomId")}`,
      "}",
    ],
  },
  {
    name: "9. Get the chatroom with its messages",
    endpoint: "GET /chatroom/{id}",
    script: [check("prompt and reply are in it", "body.messages.length >= 2")],
  },
  {
    name: "10. Check the subscription",
    endpoint: "GET /subscription/status",
    script: [check("it has the tier", "body.tier === 'basic'")],
  },
  {
    name: "11. Subscribe to Pro",
    endpoint: "POST /subscribe/pro",
    script: [check("it leads to Stripe's checkout", "/^http/.test(body.url)")],
  },
  {
    name: "12. Renew the tokens",
    endpoint: "POST /auth/refresh",
    body: { refreshToken: "{{refresh_token}}" },
  },
]

/** With the password that the folder of sign-in sets. */
export const SIGN_IN_AGAIN: Step = {
  name: "Sign in again",
  endpoint: "POST /auth/login",
  body: { mobileNumber: "{{mobile_number}}", password: "{{password}}" },
}
