import { readFile, rename, writeFile } from "node:fs/promises"
import { CannotStart } from "../shared/command.ts"
import type { AccountDump } from "./model/account.ts"
import { seed } from "./model/seed.ts"
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
    seed(state.account)
  }
  let timer: NodeJS.Timeout | undefined
  let writing = Promise.resolve()
  function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    writing = writing.then(() => save(file, state)).catch(report)
    return writing
  }
  state.onChange = () => {
    timer ??= setTimeout(write, DEBOUNCE_MS)
  }
  return {
    resume() {
      for (const { event, endpoint } of kept?.waiting ?? []) {
        const known = state.account.events.get(event)
        if (known) state.webhookSender.accept(known, endpoint)
      }
    },
    close: write,
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
    const kept: Partial<Kept> = JSON.parse(await readFile(file, "utf8"))
    if (!kept.account?.tasks) throw new Error("It was written by another version of the simulator")
    return kept as Kept
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined
    throw new CannotStart(
      `${file} can't be read; it may be from another version. Delete it, or run \`npm run reset\`, to start with an empty account.`,
      { cause },
    )
  }
}

function report(error: unknown) {
  process.stderr.write(`Stripe simulator: can't keep its state: ${error}\n`)
}
