/** One step of the brief's walk: an endpoint of the document, and what is done with its answer. */
export interface Step {
  name: string
  /** Left out while the document has no such endpoint. */
  endpoint: string
  body?: object
  headers?: Record<string, string>
  /** Lines of the test script, below the check of the status. */
  script?: string[]
  /** 200 alone by default. */
  statuses?: number[]
}

const keep = (variable: string, value: string) => `pm.environment.set("${variable}", ${value})`
const check = (claim: string, expression: string) =>
  `pm.test("${claim}", () => pm.expect(${expression}).to.equal(true))`

/** The walk of "How to Test via Postman": each step passes on what the next one needs. */
export const WALK: Step[] = [
  {
    name: "1. Register a number",
    endpoint: "POST /auth/signup",
    body: { mobileNumber: "{{mobile_number}}", name: "Ada" },
    statuses: [201, 409],
  },
  {
    name: "2. Get a code",
    endpoint: "POST /auth/send-otp",
    body: { mobileNumber: "{{mobile_number}}" },
    statuses: [202],
    script: [
      check("the code is in the reply (OTP_DELIVERY is response)", "typeof body.otp === 'string'"),
      keep("otp", "body.otp"),
    ],
  },
  {
    name: "3. Sign in by it",
    endpoint: "POST /auth/verify-otp",
    body: { mobileNumber: "{{mobile_number}}", otp: "{{otp}}" },
    script: [
      check("the token is a bearer token", "body.tokenType === 'Bearer'"),
      keep("auth_token", "body.token"),
      keep("refresh_token", "body.refreshToken"),
    ],
  },
  {
    name: "4. Who am I",
    endpoint: "GET /user/me",
    script: [check("a new user is on the free tier", "['basic', 'pro'].includes(body.tier)")],
  },
  {
    name: "5. Create a chatroom",
    endpoint: "POST /chatroom",
    body: { name: "My First Chat" },
    statuses: [201],
    script: [check("it has its name", "body.name === 'My First Chat'"), keep("chatroom_id", "body.id")],
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
    script: [
      check("its reply is queued or running", "body.reply.role === 'model'"),
      keep("message_id", "body.reply.id"),
      keep("polls", "0"),
    ],
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
    script: [check("it has the tier", "['basic', 'pro'].includes(body.tier)")],
  },
  {
    name: "11. Subscribe to Pro",
    endpoint: "POST /subscribe/pro",
    statuses: [200, 409],
    script: [
      check(
        "it leads to Stripe's checkout, or says why not",
        "/^http/.test(body.url) || /subscri|paym/.test(body.code)",
      ),
      keep("checkout_url", "body.url ?? ''"),
    ],
  },
  {
    name: "12. Renew the tokens",
    endpoint: "POST /auth/refresh",
    body: { refreshToken: "{{refresh_token}}" },
    script: [keep("auth_token", "body.token"), keep("refresh_token", "body.refreshToken")],
  },
]
