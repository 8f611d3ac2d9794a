import type { IncomingMessage, ServerResponse } from "node:http"
import { type Exchange, startServer } from "../shared/server.ts"

/** A message that was accepted, with the names of Twilio's form. */
export interface SentMessage {
  sid: string
  to: string
  /** A number, or the messaging service that would choose one. */
  from: string
  body: string
}

/** What the next call gets: one of Twilio's error codes, a plain status, a cut connection, no answer. */
export type Failure = { code: number } | { status: number } | "cut" | "hang"

export interface SmsSimulatorOptions {
  accountSid: string
  authToken: string
  port?: number
}

/** A running stand-in for Twilio's Messages resource. */
export type SmsSimulator = Awaited<ReturnType<typeof startSmsSimulator>>

interface State extends SmsSimulatorOptions {
  messages: SentMessage[]
  failures: Failure[]
  calls: number
}

/** https://www.twilio.com/docs/api/errors: status and message as Twilio words them. */
const ERRORS: Record<number, [status: number, message: (to: string) => string]> = {
  20003: [401, () => "Authenticate"],
  20404: [404, () => "The requested resource was not found"],
  20429: [429, () => "Too Many Requests"],
  21211: [400, (to) => `Invalid 'To' Phone Number: ${to}`],
  21408: [400, (to) => `Permission to send an SMS has not been enabled for the region: ${to}`],
  21602: [400, () => "Message body is required."],
  21603: [400, () => "A 'From' phone number is required."],
  21604: [400, () => "A 'To' phone number is required."],
  21608: [400, (to) => `The number ${to} is unverified.`],
  21610: [400, () => "Attempt to send to unsubscribed recipient"],
}

/** Starts the simulator on loopback, on a free port unless one is given. */
export async function startSmsSimulator(options: SmsSimulatorOptions) {
  const state: State = { ...options, messages: [], failures: [], calls: 0 }
  const { url, close } = await startServer({
    port: options.port,
    name: "SMS",
    serve: (exchange) => serve(state, exchange),
  })
  return {
    url,
    close,
    /** Accepted messages, oldest first. */
    messages: state.messages,
    /** Calls so far, whatever came of them. */
    calls: () => state.calls,
    /** The next calls fail, one for each. */
    fail: (...failures: Failure[]) => void state.failures.push(...failures),
  }
}

async function serve(state: State, { req, res, body }: Exchange): Promise<void> {
  state.calls++
  const form = new URLSearchParams(await body())
  const failure = state.failures.shift()
  if (failure === "hang") return
  if (failure === "cut") return void res.destroy()
  if (failure && "status" in failure)
    return void res.writeHead(failure.status).end("<html>Bad Gateway</html>")
  const code = failure?.code ?? refusalOf(state, req, form)
  if (code !== null) return refuse(res, code, form.get("To") ?? "")
  accept(state, res, form)
}

/** The code of the error that Twilio would return, checked in its order. */
function refusalOf(
  { accountSid, authToken }: State,
  req: IncomingMessage,
  form: URLSearchParams,
): number | null {
  if (req.headers.authorization !== `Basic ${btoa(`${accountSid}:${authToken}`)}`) return 20003
  if (req.method !== "POST" || req.url !== `/2010-04-01/Accounts/${accountSid}/Messages.json`) return 20404
  if (!req.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) return 21604
  const to = form.get("To")
  if (!to) return 21604
  if (!/^\+[1-9]\d{5,14}$/.test(to)) return 21211
  if (!form.get("From") && !form.get("MessagingServiceSid")) return 21603
  return form.get("Body") ? null : 21602
}

function accept({ messages, accountSid }: State, res: ServerResponse, form: URLSearchParams): void {
  const message = {
    sid: `SM${String(messages.length + 1).padStart(32, "0")}`,
    to: form.get("To") as string,
    from: (form.get("MessagingServiceSid") ?? form.get("From")) as string,
    body: form.get("Body") as string,
  }
  messages.push(message)
  const { from: _, ...shown } = message
  const state = { account_sid: accountSid, status: "queued", error_code: null, error_message: null }
  answer(res, 201, { ...shown, ...state })
}

function refuse(res: ServerResponse, code: number, to: string): void {
  const [status, message] = ERRORS[code] ?? [400, () => "Bad request"]
  const more_info = `https://www.twilio.com/docs/errors/${code}`
  answer(res, status, { code, message: message(to), more_info, status })
}

function answer(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body))
}
