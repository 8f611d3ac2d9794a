import { HOUR, MINUTE } from "../utils/time.ts"

export interface Limit {
  /** Requests per window and user, or per address if the request isn't authenticated. */
  quota: number
  windowMs: number
  /** Whether one Redis counter serves all processes; otherwise each process counts for itself. */
  shared: boolean
}

/** A rate limit that an endpoint may name. */
export type LimitName = "auth" | "read" | "write" | "message" | "upload" | "shared" | "copy" | "search"

/**
 * Rate limits against abuse. The daily quota is in services/usage, the budget of codes in services/auth. Reads and
 * messages are counted per process: a shared counter would cost more than a read, and the quota bounds messages
 * exactly.
 */
export const LIMITS: Record<LimitName, Limit> = {
  auth: { quota: 300, windowMs: MINUTE, shared: true },
  read: { quota: 1_200, windowMs: MINUTE, shared: false },
  write: { quota: 300, windowMs: MINUTE, shared: true },
  message: { quota: 300, windowMs: MINUTE, shared: false },
  upload: { quota: 60, windowMs: MINUTE, shared: true },
  /** Shared links, which need no account: enough for the readers behind one address, too little to guess. */
  shared: { quota: 300, windowMs: MINUTE, shared: true },
  /** People search as they type. */
  search: { quota: 600, windowMs: MINUTE, shared: false },
  /** A copy of a conversation may be as long as the longest conversation. */
  copy: { quota: 30, windowMs: HOUR, shared: true },
}

/**
 * Reads of long texts that one user may have under way at once in a process; more wait, and beyond that many are
 * refused.
 */
export const HEAVY_READS = { running: 2, waiting: 100 }

/** Set by the contract: bytes of an attachment, and attachments of a message. */
export const ATTACHMENTS = { maxBytes: 10 * 1024 * 1024, perMessage: 4 }

/**
 * Files that go to the model within a request, in bytes before their encoding: with base64 a call stays below 20 MB,
 * which any gateway takes, though Google takes 100 MB; what is beyond goes by the Files API. While a call is being sent
 * its files take about four times as much memory.
 */
export const INLINE_FILES = { inlineBytesPerCall: 14 * 1024 * 1024, inlineBytesPerProcess: 48 * 1024 * 1024 }

/** Uploads that one user may have under way at once in a process; one more is refused. */
export const UPLOADS = { running: 4, waiting: 0 }

/** How much text a page of messages may have: the message that exceeds it is the last of its page. */
export const MAX_PAGE_BYTES = 512 * 1024

/**
 * What an import may be: the bytes of its file (set by the contract), and of each conversation in it, which is in memory as
 * a whole, several times.
 */
export const IMPORT_SIZES = {
  maxBytes: 100 * 1024 * 1024,
  conversation: { maxBytes: 32 * 1024 * 1024, maxDepth: 64, maxValues: 2_000_000 },
}

/** What may be in an import. The longest text is far beyond what a model writes. */
export const IMPORTS = {
  maxConversations: 10_000,
  maxMessages: 20_000,
  maxTextUnits: 500_000,
}

/**
 * Connections of a process where the queues are on PostgreSQL: of both queues and the board together, and of each of the
 * two workers, of which one listens for new jobs.
 */
export const QUEUE_CONNECTIONS = { queues: 3, worker: 3 }
