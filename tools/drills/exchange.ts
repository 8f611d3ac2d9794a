import type { User } from "../lib/client.ts"
import type { Heard } from "../lib/listener.ts"
import type { Prompt } from "./prompts.ts"

/** A promised reply, to a new prompt or once more to one, and what its listener has heard so far. */
export interface Exchange extends Prompt {
  user: User
  roomId: string
  promptId: string
  replyId: string
  /** The files that the prompt names. */
  files: SentFile[]
  /** When the reply was asked to stop. */
  stops: Stop[]
  /** It was deleted, by itself or with a message that it followed. */
  isDeleted: boolean
  heard: Heard
  /** When it was sent, in ms since 1970. */
  sentAt: number
  /** Until it was accepted, all tries together. */
  tookMs: number
  tries: number
}

/** A file that was uploaded. */
export interface SentFile {
  id: string
  name: string
  type: string
  bytes: Buffer
}

/** From a moment to another, in ms since 1970. */
export interface Span {
  from: number
  to: number
}

/** A request by which a reply may end; one that interrupts a room stops at most one of those that are unfinished. */
export interface Stop extends Span {
  by: "cancel" | "interrupt"
}

interface Losses {
  /** Times whose commits PostgreSQL has lost: rooms and replies of then may be gone. */
  losses: Span[]
}

/** What is acknowledged takes about so long to a standby. */
const UNDER_WAY_MS = 500

/** Whether the prompt itself may be lost. */
export function mayBeLost({ losses }: Losses, { sentAt, tookMs }: Exchange): boolean {
  const acceptedAt = sentAt + tookMs
  return losses.some(({ from, to }) => acceptedAt > from - UNDER_WAY_MS && sentAt < to)
}

/** Whether the prompt, or something of its reply, may be lost. */
export function isAtRisk({ losses }: Losses, { sentAt, heard: { endedAt } }: Exchange): boolean {
  return losses.some(({ from, to }) => sentAt < to && (endedAt === null || endedAt > from - UNDER_WAY_MS))
}

/** Whether the listener was told an end. */
export const isAnswered = ({ heard }: Exchange) => heard.dones.length > 0
