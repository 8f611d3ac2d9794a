import { beforeAll, describe, expect, test } from "vitest"
import { readMessage } from "../../src/services/chat/list-messages.ts"
import {
  insertPromptsAndReplies,
  type NewPrompt,
  type PromptAndReply,
} from "../../src/services/replies/accept/insert-prompt-and-reply.ts"
import { createPromptBatches, type PromptBatches } from "../../src/services/replies/accept/prompt-batches.ts"
import { newId } from "../../src/utils/ids.ts"
import { times } from "../helpers/answers.ts"
import { type SignedIn, signIn } from "../helpers/app.ts"
import { createRoom, promptsUsed, useUpQuota } from "../helpers/chat.ts"
import { setNoon } from "../helpers/clock.ts"
import { useTestApp } from "../helpers/use-app.ts"

let batches: PromptBatches

// Without a worker, so that what was written stays as it was.
// As in production: held locks, the runs of a batch and the tests need as many connections.
const app = useTestApp({ worker: false, config: { database: { poolSize: 10 } } })
beforeAll(async () => {
  batches = createPromptBatches(app.pool, app.ctx)
})

interface Sender {
  user: SignedIn
  room: { id: string }
}

const senders = (count: number): Promise<Sender[]> =>
  times(count, async () => {
    const user = await signIn(app)
    return { user, room: await createRoom(app, user) }
  })

function exchangeOf({ user, room }: Sender, more: Partial<NewPrompt> = {}): NewPrompt {
  return {
    userId: user.user.id,
    chatroomId: room.id,
    promptId: newId(),
    replyId: newId(),
    content: 'a "quoted", {braced} \\ prompt\n😀',
    parentId: undefined,
    requestId: newId(),
    traceparent: null,
    thinking: null,
    attachments: [],
    unlessBusy: false,
    ...more,
  }
}

const MESSAGES = `
  SELECT id, parent_id, position, role, content, status FROM messages WHERE chatroom_id = $1 ORDER BY position`
const messagesOf = ({ room }: Sender) => app.query(MESSAGES, room.id)

describe("prompts of several users in one statement", () => {
  test("are each written whole, with the outcome in the order of the prompts", async () => {
    const all = await senders(8)
    const exchanges = all.map((sender) => exchangeOf(sender))
    const outcomes = await insertPromptsAndReplies(app.pool, app.ctx, exchanges, { skipLocked: true })
    for (const [n, sender] of all.entries()) {
      const { promptId, replyId, content } = exchanges[n] as NewPrompt
      const chatroomId = sender.room.id
      expect(outcomes[n]).toMatchObject({
        outcome: "written",
        prompt: { id: promptId, chatroomId, parentId: null, position: 1, content, status: "completed" },
        reply: {
          id: replyId,
          chatroomId,
          parentId: promptId,
          position: 2,
          status: "queued",
          queuePosition: 0,
        },
        startsNow: true,
        inFlight: 1,
      })
      expect(await messagesOf(sender)).toEqual([
        { id: promptId, parent_id: null, position: 1, role: "user", content, status: "completed" },
        { id: replyId, parent_id: promptId, position: 2, role: "model", content: "", status: "queued" },
      ])
      expect(await promptsUsed(app, sender.user)).toBe(1)
    }
  })

  test("are returned as they would be read, with what waits before them counted", async () => {
    const [sender] = (await senders(1)) as [Sender]
    const { id: userId } = sender.user.user
    for (const waiting of [0, 1, 2]) {
      const exchange = exchangeOf(sender)
      const [outcome] = await insertPromptsAndReplies(app.pool, app.ctx, [exchange], { skipLocked: true })
      const { prompt, reply } = outcome as PromptAndReply
      expect(reply.queuePosition).toBe(waiting)
      for (const message of [prompt, reply])
        expect(message).toEqual(await readMessage(app.pool, { userId, id: message.id }))
    }
  })

  test("are refused one by one: those without room, parent or quota write nothing, the others do", async () => {
    const [good, poor, stranger, misled] = (await senders(4)) as [Sender, Sender, Sender, Sender]
    await useUpQuota(app, poor.user)
    const changes = [{}, {}, { chatroomId: good.room.id }, { parentId: newId() }]
    const exchanges = [good, poor, stranger, misled].map((sender, n) => exchangeOf(sender, changes[n]))
    const outcomes = await insertPromptsAndReplies(app.pool, app.ctx, exchanges, { skipLocked: true })
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["written", "no-quota", "no-room", "no-parent"])
    expect(await messagesOf(good)).toHaveLength(2)
    for (const sender of [poor, misled]) expect(await messagesOf(sender)).toEqual([])
    const used = [good, poor, stranger, misled].map(({ user }) => promptsUsed(app, user))
    expect(await Promise.all(used)).toEqual([1, 5, 0, 0])
  })
})

describe("prompts that come at the same time", () => {
  test("locked rooms delay no other, and their own prompts are written when the locks are released", async () => {
    const all = await senders(7)
    const [held, others] = [all.slice(0, 3), all.slice(3)]
    const holder = await app.pool.connect()
    await holder.query("BEGIN")
    await holder.query("SELECT 1 FROM chatrooms WHERE id = ANY($1) FOR UPDATE", [
      held.map(({ room }) => room.id),
    ])
    try {
      // As many begin at once as there are runs: none of them may block its run.
      const waiting = held.map((sender) => batches.write(exchangeOf(sender)))
      const written = await Promise.all(others.map((sender) => batches.write(exchangeOf(sender))))
      expect(written.every(({ outcome }) => outcome === "written")).toBe(true)
      for (const sender of held) expect(await messagesOf(sender)).toEqual([])
      await holder.query("COMMIT")
      for (const outcome of await Promise.all(waiting))
        expect(outcome).toMatchObject({ outcome: "written", prompt: { position: 1 } })
    } finally {
      holder.release()
    }
  })

  test("one that PostgreSQL refuses fails alone", async () => {
    const all = await senders(6)
    const exchanges = all.map((sender) => exchangeOf(sender))
    const broken = exchanges[4] as NewPrompt
    broken.content = "refused by the constraint"
    await app.query(
      "ALTER TABLE messages ADD CONSTRAINT no_such_text CHECK (content <> 'refused by the constraint')",
    )
    const results = await Promise.allSettled(exchanges.map(batches.write))
    expect(results.map(({ status }) => status)).toEqual(Array(6).fill("fulfilled").with(4, "rejected"))
    expect(await promptsUsed(app, (all[4] as Sender).user)).toBe(0)
    const lengths = await Promise.all(all.map(async (sender) => (await messagesOf(sender)).length))
    expect(lengths).toEqual([2, 2, 2, 2, 0, 2])
  })

  test("of one user's, as many are taken as the quota has", async () => {
    const [{ user }] = (await senders(1)) as [Sender]
    const rooms = await times(12, () => createRoom(app, user))
    await setNoon(app.pool)
    const outcomes = await Promise.all(rooms.map((room) => batches.write(exchangeOf({ user, room }))))
    expect(outcomes.filter(({ outcome }) => outcome === "written")).toHaveLength(5)
    expect(await promptsUsed(app, user)).toBe(5)
  })
})
