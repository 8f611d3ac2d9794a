import { until } from "../../lib/until.ts"
import { converse } from "../conversations/converse.ts"
import type { Load } from "../load.ts"
import type { Scenario, Stage } from "../scenario.ts"
import { branchOf, type Row, type Stored } from "../stored.ts"
import { killWorker, readyWorkers, untilMidReply, untilWorkersAreBack } from "./strikes.ts"

/** Every so many strikes an API process dies. */
const API_EVERY = 2

/** People use all that a conversation can do while workers and API processes die. */
export const conversations: Scenario = {
  name: "conversations",
  about: "files, versions, interruptions, deletions and copies, with kill -9 of workers and API processes",
  explains:
    "Users send prompts with files, begin other branches, interrupt and cancel, change prompts that wait, have replies made once more, go on with those that ended early, delete messages with what follows, and copy branches into other rooms, in rooms with web search, thinking and another model; meanwhile workers and API processes die by `kill -9` in turn. O1: in every room, replies ended in the order of the room, but for those that were cancelled. F2: a copied room begins with the branch that it was made of.",
  talk: converse,
  async run(stage) {
    const { strikes, demand, load, note } = stage
    for (let strike = 1; strike <= strikes; strike++) {
      await untilMidReply(stage)
      await (strike % API_EVERY === 0 ? killSomeApi(stage) : killSomeWorker(stage))
    }
    await untilWorkersAreBack(stage)
    demand("O1", "the replies of a room end in its order", (stored) => {
      for (const [name, count] of load.counts) note(`… ${name}`, String(count))
      const rooms = repliesByRoom(stored)
      return { checked: rooms.length, broken: rooms.flatMap(outOfOrder) }
    })
    demand("F2", "a copied room has the branch that it was made of", (stored) => ({
      checked: load.copies.length,
      broken: load.copies.flatMap((copy) => differences(copy, stored)),
    }))
  },
}

/** One that has replies to make, as a rule; another must be left to take over. */
async function killSomeWorker(stage: Stage): Promise<void> {
  const { cluster, random, signal } = stage
  await until("two workers are up", () => readyWorkers(cluster).length > 1, { signal })
  const ready = readyWorkers(cluster)
  const busy = ready.filter((worker) => cluster.attempts.runningOn(worker.child().pid).length > 0)
  await killWorker(stage, random.pick(busy.length > 0 ? busy : ready))
}

/** Requests of all kinds are on their way. */
async function killSomeApi({ cluster, random, struck }: Stage): Promise<void> {
  const api = random.pick(cluster.apis)
  await api.child().kill("SIGKILL")
  struck()
  await api.start()
}

function repliesByRoom({ byId }: Stored): Row[][] {
  const ended = [...byId.values()].filter(
    ({ role, status, is_copy }) => role === "model" && !is_copy && status !== "cancelled",
  )
  return [...Map.groupBy(ended, (row) => row.chatroom_id).values()]
}

function outOfOrder(replies: Row[]): string[] {
  const inOrder = replies.toSorted((a, b) => a.position - b.position)
  return inOrder.flatMap((reply, i) => {
    const next = inOrder[i + 1]
    const isBefore = !next || Number(reply.completed_at) <= Number(next.completed_at)
    return isBefore ? [] : [`reply ${next.id} ended before ${reply.id}, which comes first`]
  })
}

/** Unless what was copied has been deleted since. */
function differences({ roomId, messageId }: Load["copies"][number], stored: Stored): string[] {
  const textsOf = (rows: Row[]) => JSON.stringify(rows.map(({ role, content }) => [role, content]))
  const copied = [...stored.byId.values()].filter((row) => row.chatroom_id === roomId && row.is_copy)
  const branch = branchOf(stored, messageId)
  if (branch.length === 0) return []
  const isSame = textsOf(copied.toSorted((a, b) => a.position - b.position)) === textsOf(branch)
  return isSame ? [] : [`room ${roomId} isn't a copy of the branch up to ${messageId}`]
}
