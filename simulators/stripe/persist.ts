import { readFile, rename, writeFile } from "node:fs/promises"
import type { AccountDump } from "./model/account.ts"
import type { State } from "./state.ts"

/** What happens within this time is written at once. */
const DEBOUNCE_MS = 200

type Kept = {
  account: AccountDump
  idempotency: ReturnType<State["idempotency"]["dump"]>
  waiting: State["webhookSender"]["waiting"]
}

/**
 * Keeps the state in a file, from now on and from before if the file is there. `resume` goes on delivering
 * what hadn't arrived. A write that is cut off leaves the file as it was. Rejects when the file can't be read.
 */
export async function keepIn(file: string, state: State) {
  const kept = await read(file)
  if (kept) {
    state.account.load(kept.account)
    state.idempotency.load(kept.idempotency)
  }
  const writer = new Writer(file, state)
  state.onChange = () => writer.soon()
  return {
    resume() {
      for (const { event, endpoint } of kept?.waiting ?? []) {
        const known = state.account.events.get(event)
        if (known) state.webhookSender.accept(known, endpoint)
      }
    },
    close: () => writer.close(),
  }
}

class Writer {
  readonly #file: string
  readonly #state: State
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(file: string, state: State) {
    this.#file = file
    this.#state = state
  }

  soon() {
    this.#timer ??= setTimeout(() => this.#write(), DEBOUNCE_MS)
  }

  async close() {
    this.#write()
    await this.#writing
  }

  #write() {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    this.#writing = this.#writing.then(() => save(this.#file, this.#state)).catch(report)
  }
}

async function save(file: string, { account, idempotency, webhookSender }: State) {
  const kept: Kept = {
    account: account.dump(),
    idempotency: idempotency.dump(),
    waiting: webhookSender.waiting,
  }
  await writeFile(`${file}.new`, JSON.stringify(kept), { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function read(file: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8"))
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined
    throw new Error(`Can't read ${file}: delete it to start anew`, { cause: error })
  }
}

function report(error: unknown) {
  process.stderr.write(`stripe simulator: can't keep its state: ${error}\n`)
}
