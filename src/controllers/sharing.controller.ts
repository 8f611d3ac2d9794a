import type { PageQuery } from "../schemas/common.ts"
import type { NewShare, ReportedShare } from "../schemas/sharing.ts"
import type { Context } from "../services/context.ts"
import { continueShared } from "../services/sharing/continue-shared.ts"
import { getShare } from "../services/sharing/own-share.ts"
import { readShared } from "../services/sharing/read-shared.ts"
import { shareChatroom } from "../services/sharing/share-chatroom.ts"
import { withdrawReportedShare, withdrawShare } from "../services/sharing/withdraw-share.ts"
import { NotFound } from "../utils/errors.ts"
import { readBuiltPage } from "./built-page.ts"
import { type AdminInput, created, html, noContent, ok, type PublicInput, type UserInput } from "./http.ts"
import { readIdempotencyKey, replayHeaders } from "./idempotency-key.ts"
import { nextLink } from "./page-link.ts"
import { presentChatroom } from "./presenters/chatroom.ts"
import { APP_POLICY } from "./presenters/page.ts"
import { presentShare, presentShared } from "./presenters/share.ts"
import { fillClientPage } from "./presenters/shared-client-page.ts"
import { renderNotShared, renderShared, SHARED_PAGE_POLICY } from "./presenters/shared-page.ts"

type OneRoom = { params: { id: string } }
type OneLink = { params: { token: string } }

/** 200 where the room had a link already, whose snapshot is then another one. */
export async function postShare(
  ctx: Context,
  { user, params, body }: UserInput<OneRoom & { body: NewShare }>,
) {
  const { share, isNew } = await shareChatroom(ctx, {
    userId: user.userId,
    chatroomId: params.id,
    messageId: body.messageId,
  })
  return isNew ? created(presentShare(share)) : ok(presentShare(share))
}

export async function getOwnShare(ctx: Context, { user, params }: UserInput<OneRoom>) {
  return ok(presentShare(await getShare(ctx, { userId: user.userId, chatroomId: params.id })))
}

export async function removeShare(ctx: Context, { user, params }: UserInput<OneRoom>) {
  await withdrawShare(ctx, { userId: user.userId, chatroomId: params.id })
  return noContent()
}

/**
 * Nothing keeps it (`no-store`), so that a withdrawal works at once; search engines leave it out; and its links tell
 * nobody where a reader comes from.
 */
const SHARED_HEADERS = {
  "Cache-Control": "no-store",
  "X-Robots-Tag": "noindex, nofollow, noarchive",
  "Referrer-Policy": "no-referrer",
  Vary: "Accept",
}

/** How browsers say so: now, and before that was agreed on. */
const AHEAD = ["sec-purpose", "purpose", "x-moz"]

/** Returns JSON, and a page to browsers. What a client only asks for the headers of, or fetches ahead, isn't a view. */
export async function getShared(ctx: Context, input: PublicInput<OneLink & { query: PageQuery }>) {
  const isBrowser = input.header("accept")?.includes("text/html") ?? false
  const read = await readForAnybody(ctx, input).catch((error: unknown) => {
    if (isBrowser && error instanceof NotFound) return null
    throw error
  })
  if (read === null) return { ...(await sharedPage(ctx, null)), status: 404 }
  if (isBrowser) return await sharedPage(ctx, read)
  return ok(read.shared, { ...SHARED_HEADERS, ...read.link })
}

async function readForAnybody(
  ctx: Context,
  { params, query, header, address, isHead }: PublicInput<OneLink & { query: PageQuery }>,
) {
  const isAhead = AHEAD.some((name) => header(name)?.includes("prefetch"))
  const isView = query.cursor === undefined && !isHead && !isAhead
  const shared = await readShared(ctx, { ...query, token: params.token, address, isView })
  return { shared: presentShared(shared), link: nextLink(`/shared/${params.token}`, query, shared.next) }
}

/** The web client's page of a conversation, or a page of plain text where the client isn't built. */
async function sharedPage(
  ctx: Context,
  read: { shared: ReturnType<typeof presentShared>; link: { Link?: string } } | null,
) {
  const next = /<(.*)>/.exec(read?.link.Link ?? "")?.[1] ?? null
  const client = await readBuiltPage(ctx, "shared.html")
  const plain = () => (read ? renderShared(read.shared, next) : renderNotShared())
  const page = client ? fillClientPage(client, read?.shared ?? null, next) : plain()
  return html(page, {
    ...SHARED_HEADERS,
    ...read?.link,
    "Content-Security-Policy": client ? APP_POLICY : SHARED_PAGE_POLICY,
  })
}

export async function postContinue(ctx: Context, { user, params, header }: UserInput<OneLink>) {
  const key = readIdempotencyKey(header("idempotency-key"), { route: "continue-shared", token: params.token })
  const { room, replayed } = await continueShared(ctx, { userId: user.userId, token: params.token, key })
  const headers = { Location: `/chatroom/${room.id}`, ...replayHeaders(replayed) }
  return created(presentChatroom(room, ctx.config.gemini.model), headers)
}

export async function postShareWithdrawal(
  ctx: Context,
  { body, admin }: AdminInput<{ body: ReportedShare }>,
) {
  const withdrawn = await withdrawReportedShare(ctx, body.url)
  admin.setTarget(withdrawn.id)
  return ok(withdrawn)
}
