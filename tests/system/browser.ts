import { spawn } from "node:child_process"
import { once } from "node:events"
import type { Readable, Writable } from "node:stream"
import { openFolder } from "../../tools/lib/stores.ts"

export { chromium } from "../../tools/lib/chromium.ts"

export type Tab = Awaited<ReturnType<typeof openTab>>

/** Opens a tab of `program` without a window, on a profile of its own. It ends with `stack`. */
export async function openTab(stack: AsyncDisposableStack, program: string) {
  const send = await startBrowser(stack, program)
  const { targetId } = await send("Target.createTarget", { url: "about:blank" })
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true })
  const tell: Send = (method, params) => send(method, params, sessionId as string)
  const questions: string[] = []
  const problems: string[] = []
  send.onEvent = (method, params) => {
    switch (method) {
      case "Page.javascriptDialogOpening":
        questions.push(params.message as string)
        return void tell("Page.handleJavaScriptDialog", { accept: true })
      case "Runtime.exceptionThrown":
        return void problems.push(JSON.stringify(params.exceptionDetails))
      case "Log.entryAdded": {
        const { level, source, text, url } = params.entry as Record<string, string>
        if (level === "error") problems.push(`${source}: ${text} ${url ?? ""}`.trim())
      }
    }
  }
  for (const domain of ["Page", "Runtime", "Log"]) await tell(`${domain}.enable`, {})
  const evaluate = async (expression: string) => {
    const said = await tell("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true })
    if (said.exceptionDetails) throw new Error(JSON.stringify(said.exceptionDetails))
    return (said.result as { value?: unknown }).value
  }
  const find = (selector: string) => `document.querySelector(${JSON.stringify(selector)})`
  return {
    /** The questions that were asked so far. */
    questions,
    /** Errors in the console, uncaught exceptions and refusals of the content policy so far. */
    problems,
    /** The value of a script's expression. */
    evaluate,
    /** Resolves when the page and its scripts are loaded. */
    async open(url: string) {
      const { errorText } = await tell("Page.navigate", { url })
      if (errorText) throw new Error(`${url}: ${errorText}`)
      await evaluate(LOADED)
    },
    /** Shows pages in a window of this size; null: in the browser's own. */
    async resize(size: { width: number; height: number } | null) {
      if (size === null) await tell("Emulation.clearDeviceMetricsOverride", {})
      else await tell("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1, mobile: false })
    },
    /** The path and hash of the page that it shows. */
    place: async () => String(await evaluate("location.pathname + location.hash")),
    /** What a person reads in the first match of `selector`; "" where there is none. */
    text: async (selector: string) => String(await evaluate(`${find(selector)}?.innerText ?? ""`)),
    /** Clicks the first link or button that is called `label`. A question that comes is answered with yes. */
    async press(label: string) {
      await evaluate(`[...document.querySelectorAll("a, button")]
        .find((one) => one.textContent === ${JSON.stringify(label)}).click()`)
    },
    /** Writes into the first match of `selector`, in place of what stands there. */
    async write(selector: string, text: string) {
      await evaluate(`${find(selector)}.select()`)
      await tell("Input.insertText", { text })
    },
  }
}

const LOADED = `new Promise((resolve) =>
  document.readyState === "complete" ? resolve() : addEventListener("load", resolve))`

type Said = Record<string, unknown>
interface Send {
  (method: string, params: Said, sessionId?: string): Promise<Said>
  onEvent?(method: string, params: Said): void
}

/** Speaks the Chrome DevTools protocol by two pipes: https://chromedevtools.github.io/devtools-protocol/ */
async function startBrowser(stack: AsyncDisposableStack, program: string): Promise<Send> {
  const profile = await openFolder(stack)
  // Tests run as root, too, and in containers without much shared memory.
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
  const child = spawn(program, [...flags, "--remote-debugging-pipe", `--user-data-dir=${profile}`], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  })
  const [, , , writing, reading] = child.stdio as unknown as [null, null, null, Writable, Readable]
  const ended = once(child, "close")
  const pending = new Map<number, PromiseWithResolvers<Said>>()
  void ended.then(() => {
    for (const { reject } of pending.values()) reject(new Error("The browser has ended."))
  })
  writing.on("error", () => undefined)
  stack.defer(async () => {
    child.kill("SIGKILL")
    await ended
  })
  let lastId = 0
  const send: Send = (method, params, sessionId) => {
    const answer = Promise.withResolvers<Said>()
    pending.set(++lastId, answer)
    writing.write(`${JSON.stringify({ id: lastId, method, params, ...(sessionId ? { sessionId } : {}) })}\0`)
    return answer.promise
  }
  let rest = ""
  reading.setEncoding("utf8").on("data", (chunk: string) => {
    const messages = (rest + chunk).split("\0")
    rest = messages.pop() as string
    for (const text of messages) {
      const { id, result, error, method, params } = JSON.parse(text)
      const answer = pending.get(id)
      pending.delete(id)
      if (id === undefined) send.onEvent?.(method, params)
      else if (error) answer?.reject(new Error(error.message))
      else answer?.resolve(result)
    }
  })
  return send
}
