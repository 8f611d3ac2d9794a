import { computed, effect, signal } from "@preact/signals"
import { ApiError, client, type Prompt } from "../api/client.ts"
import { onWake } from "../api/page-life.ts"
import { t } from "../i18n/index.ts"
import { putRoom } from "../rooms/rooms.ts"
import { go, toNew, toRoom } from "../router.ts"
import { isOnline } from "../state/online.ts"
import { isUsedUp, loadPlan, plan } from "../state/plan.ts"
import { onSession } from "../state/session.ts"
import { tell } from "../ui/toasts.ts"
import { isOld, type OutboxItem, placeOf } from "./item.ts"
import { addItem, changeItem, outbox, readOutbox, removeItem, tellRoomMade } from "./outbox.ts"

/** A request that isn't answered for so long is sent again, under the same key. */
const ANSWER_MS = 60_000
const FIRST_PAUSE_MS = 2_000
const LONGEST_PAUSE_MS = 60_000

/** Places whose last try didn't reach the service: their messages wait. */
export const unreached = signal<ReadonlySet<string>>(new Set())

/** Whether it waits until somebody does something, or the service can be reached. */
export const isDelayed = (item: OutboxItem) =>
  item.stopped !== null || isOld(item) || !isOnline.value || unreached.value.has(placeOf(item))

type Listener = (sent: Prompt, item: OutboxItem) => void

const listeners = new Set<Listener>()

/** Calls `listener` with every prompt that this tab has sent. @returns ends it */
export function onSent(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Takes a message to be sent: kept first, so that it is sent once whatever happens to this tab, then sent. */
export async function sendLater(
  item: Omit<OutboxItem, "key" | "at" | "stopped" | "newRoom"> & { newRoom?: OutboxItem["newRoom"] },
): Promise<string> {
  const key = crypto.randomUUID()
  const added: OutboxItem = { newRoom: null, ...item, key, at: Date.now(), stopped: null }
  await addItem(added)
  void sendPlace(placeOf(added))
  return key
}

/** Sends a message that was refused, or that had become old, and what waits behind it. */
export async function sendAgain(item: OutboxItem): Promise<void> {
  await changeItem({ ...item, at: Date.now(), stopped: null })
  await release(item)
}

/** Takes a message away, unless it is taken by the service just now. What waits behind it goes on. */
export async function dropItem(item: OutboxItem): Promise<void> {
  await alone(placeOf(item), () => removeItem(item.key))
  await release(item)
}

/** Sends what was refused while the day's prompts were used up, as soon as there are some again. */
async function sendUncharged(): Promise<void> {
  await readOutbox()
  const refused = outbox.peek().filter((item) => isOverQuota(item) && !isOld(item))
  for (const item of refused) await sendAgain(item)
}

const isOverQuota = ({ stopped }: OutboxItem) =>
  stopped !== null && stopped !== "held" && stopped.code === "quota_exceeded"

async function release(item: OutboxItem): Promise<void> {
  const held = itemsOf(placeOf(item)).filter(({ stopped }) => stopped === "held")
  await Promise.all(held.map((one) => changeItem({ ...one, stopped: null })))
  await sendPlace(placeOf(item))
}

const itemsOf = (place: string) => outbox.peek().filter((item) => placeOf(item) === place)

/** Sends everything that waits. */
async function sendAll(): Promise<void> {
  await readOutbox()
  await Promise.all([...new Set(outbox.peek().map(placeOf))].map(sendPlace))
}

/** Sends the messages of a place in their order. Of all tabs one does it at a time. */
async function sendPlace(place: string): Promise<void> {
  await alone(place, async () => {
    await readOutbox()
    for (let item = nextOf(place); item; item = nextOf(place)) if (!(await sendOne(item))) return
  })
}

/** Of all tabs one at a time sends the messages of a place, or takes one away. */
const alone = (place: string, work: () => Promise<void>) =>
  navigator.locks.request(`chat.outbox.${place}`, work)

function nextOf(place: string): OutboxItem | undefined {
  const next = itemsOf(place).find(({ stopped }) => stopped === null)
  return next && !isOld(next) ? next : undefined
}

/** The messages that this tab has asked the service to take, without an answer yet. */
export const inFlight = signal<ReadonlySet<string>>(new Set())

/** @returns whether the next one may follow */
async function sendOne(item: OutboxItem): Promise<boolean> {
  const place = placeOf(item)
  setFlying(item.key, true)
  try {
    if (item.roomId === null) await makeRoom(item)
    else await post(item, item.roomId)
    setUnreached(place, false)
    return true
  } catch (error) {
    if (isPassing(error)) await waitFor(place, error)
    else if (error instanceof ApiError && error.code !== "unauthenticated") await stop(item, error)
    return false
  } finally {
    setFlying(item.key, false)
  }
}

async function makeRoom(item: OutboxItem): Promise<void> {
  const room = await client.call("POST /chatroom", {
    headers: { "Idempotency-Key": placeOf(item) },
    body: item.newRoom?.settings ?? {},
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  putRoom(room)
  const waiting = itemsOf(placeOf(item))
  await Promise.all(waiting.map((one) => changeItem({ ...one, roomId: room.id })))
  tellRoomMade({ keys: waiting.map(({ key }) => key), roomId: room.id })
  void sendPlace(room.id)
}

async function post(item: OutboxItem, id: string): Promise<void> {
  const { key, text, attachments, parentId, interrupts } = item
  const sent = await client.call("POST /chatroom/{id}/message", {
    params: { id },
    headers: { "Idempotency-Key": key },
    body: {
      message: text,
      ...(parentId === undefined ? {} : { parentId }),
      ...(attachments.length > 0 ? { attachments } : {}),
      ...(interrupts ? { onBusy: "interrupt" as const } : {}),
    },
    signal: AbortSignal.timeout(ANSWER_MS),
  })
  for (const listener of listeners) listener(sent, item)
  await removeItem(key)
  void loadPlan()
}

/** Whether the service may take it later: it wasn't reached, can't answer, or has had enough for the moment. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true
  return error.status >= 500 || error.code === "rate_limited"
}

let pauseMs = FIRST_PAUSE_MS
let timer: ReturnType<typeof setTimeout> | undefined

async function waitFor(place: string, error: unknown): Promise<void> {
  setUnreached(place, true)
  if (!isOnline.peek()) return
  clearTimeout(timer)
  const askedMs = error instanceof ApiError ? error.retryAfterMs : 0
  timer = setTimeout(() => void sendAll(), Math.max(askedMs, pauseMs))
  pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
}

/** The message waits for a person, and those behind it wait for it. */
async function stop(item: OutboxItem, { code, message }: ApiError): Promise<void> {
  const behind = itemsOf(placeOf(item)).filter(({ key, stopped }) => key !== item.key && stopped === null)
  await changeItem({ ...item, stopped: { code, message } })
  await Promise.all(behind.map((one) => changeItem({ ...one, stopped: "held" })))
  void loadPlan()
  const to = item.roomId === null ? toNew : toRoom(item.roomId)
  if (to !== location.pathname)
    tell(t.outbox.stopped, { action: { label: t.outbox.show, run: () => go(to) } })
}

function setFlying(key: string, isFlying: boolean): void {
  const keys = new Set(inFlight.peek())
  if (isFlying) keys.add(key)
  else keys.delete(key)
  inFlight.value = keys
}

function setUnreached(place: string, isUnreached: boolean): void {
  if (!isUnreached) pauseMs = FIRST_PAUSE_MS
  if (unreached.peek().has(place) === isUnreached) return
  const places = new Set(unreached.peek())
  if (isUnreached) places.add(place)
  else places.delete(place)
  unreached.value = places
}

const hasPrompts = computed(() => plan.value !== null && !isUsedUp.value)

onSession(() => {
  const endCharging = effect(() => {
    if (hasPrompts.value) void sendUncharged()
  })
  const endWaking = onWake(() => void sendAll())
  const endOnline = effect(() => {
    if (isOnline.value) void sendAll()
  })
  return () => {
    endWaking()
    endOnline()
    endCharging()
    clearTimeout(timer)
    unreached.value = new Set()
  }
})
