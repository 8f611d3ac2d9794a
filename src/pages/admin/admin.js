// All text is inserted as text, never as markup, because users choose their names.
const main = document.getElementById("main")
const notice = document.getElementById("notice")
const lists = {
  replies: {
    title: "Failed replies",
    path: "/admin/replies",
    columns: {
      "Failed at": ({ completedAt }) => time(completedAt),
      reason: ({ error }) => element("span", { title: error.message }, error.code),
      model: ({ model }) => model ?? "—",
      attempts: ({ attempts }) => attempts,
      user: ({ userId }) => element("a", { href: `#users/${userId}` }, userId),
      "": ({ id }) => action("Retry", `/admin/replies/${id}/retry`, `${id} is queued.`),
    },
  },
  billing: {
    title: "Billing events",
    path: "/admin/billing/events",
    columns: {
      Received: ({ receivedAt }) => time(receivedAt),
      event: ({ id }) => id,
      type: ({ type }) => type,
      status: ({ status }) => status,
      tries: ({ tries }) => tries,
      "": ({ id }) =>
        action("Replay", `/admin/billing/events/${id}/replay`, `${id} will be processed again.`),
    },
  },
  audit: {
    title: "Audit log",
    path: "/admin/audit",
    columns: {
      Time: ({ at }) => time(at),
      actor: ({ actor }) => actor,
      action: ({ action }) => action,
      target: ({ targetId }) => targetId ?? "—",
      outcome: ({ outcome }) => element("span", { className: outcome === "ok" ? "" : "problem" }, outcome),
      address: ({ address }) => address,
      request: ({ requestId }) => requestId,
    },
  },
}
const sections = {
  system,
  users,
  ...Object.fromEntries(
    Object.entries(lists).map(([name, described]) => [name, (query) => list(described, query)]),
  ),
}
let latest = 0

addEventListener("hashchange", show)
document.getElementById("sign-out").addEventListener("click", async () => {
  await fetch("/admin/session", { method: "DELETE" })
  location.assign("/admin/sign-in")
})
start()

async function start() {
  const { actor } = await call("GET", "/admin/session")
  document.getElementById("actor").textContent = actor === "admin_token" ? "admin token" : actor
  show()
}

async function show() {
  const [name, ...rest] = location.hash.slice(1).split("/")
  const section = name in sections ? name : "system"
  for (const link of document.querySelectorAll("nav a"))
    link.toggleAttribute("aria-current", link.hash === `#${section}`)
  notice.textContent = ""
  const navigation = ++latest
  const parts = await sections[section](...rest).catch((error) => [
    element("p", { className: "problem", role: "alert" }, error.message),
  ])
  // A slow response must not replace a section that was opened later.
  if (navigation === latest) main.replaceChildren(...parts)
}

/** Calls the API. Goes to the sign-in page if the session has ended. */
async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body ? { "Content-Type": "application/json" } : {},
    body: body && JSON.stringify(body),
  })
  if (response.status === 401) {
    location.assign("/admin/sign-in")
    return new Promise(() => {})
  }
  const result = await response.json()
  if (!response.ok) throw new Error(`${result.detail} (${result.code}, request ${result.requestId})`)
  result.next = /<([^>]+)>/.exec(response.headers.get("Link") ?? "")?.[1]
  return result
}

async function system() {
  const state = await call("GET", "/admin/system")
  const { health, queues } = state
  return [
    element("h2", {}, "System"),
    element(
      "div",
      { className: "tiles" },
      tile("Status", health.status, health.status === "ready"),
      tile("Database", health.database, health.database === "up"),
      tile("Queue", health.queue, health.queue === "up"),
      tile("Workers", health.workers, health.workers > 0),
      tile("Disk", health.disk, health.disk !== "low"),
      tile("Version", state.version),
      tile("Node", state.node),
      tile("Uptime", duration(state.uptimeSeconds)),
    ),
    element("h3", {}, "Jobs"),
    table(
      ["Queue", "waiting", "active", "delayed"],
      Object.entries(queues).map(([name, counts]) => {
        if (!counts) return [name, "unknown", "unknown", "unknown"]
        const { waiting = 0, prioritized = 0, active = "unknown", delayed = "unknown" } = counts
        return [name, waiting + prioritized, active, delayed]
      }),
    ),
    element("h3", {}, "Workers"),
    table(
      ["Id", "last heartbeat", "concurrency", "mean time per reply"],
      state.workers.map((worker) => [
        worker.id,
        time(worker.seenAt),
        worker.concurrency,
        worker.meanMs === null ? "—" : `${Math.round(worker.meanMs)} ms`,
      ]),
    ),
    element("h3", {}, "Configuration"),
    facts({ migration: state.migration, ...state.config }),
  ]
}

async function users(id) {
  const input = element("input", { id: "who", required: true, autocomplete: "off" })
  const form = element(
    "form",
    { className: "row" },
    element("label", { htmlFor: "who" }, "Id or mobile number"),
    input,
    element("button", { className: "primary" }, "Find"),
  )
  const found = element("div")
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    const text = input.value.trim()
    const isId = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text)
    await attempt(async () => {
      const asked = isId
        ? ["GET", `/admin/users/${text}`]
        : ["POST", "/admin/users/search", { mobileNumber: text }]
      showUser(found, await call(...asked))
    })
  })
  if (id) showUser(found, await call("GET", `/admin/users/${encodeURIComponent(id)}`))
  return [element("h2", {}, "Users"), form, found]
}

function showUser(container, user) {
  const { quota, entitlement } = user
  const change = (label, path, body, question) =>
    button(label, question, async () => {
      showUser(container, await call("POST", `/admin/users/${user.id}/${path}`, body))
      notice.textContent = `${label}: done.`
    })
  container.replaceChildren(
    element("h3", {}, user.name ?? user.mobileNumber ?? "Deleted user"),
    user.suspendedAt
      ? element("p", { className: "problem" }, `Suspended since ${time(user.suspendedAt)}`)
      : "",
    facts({
      id: user.id,
      "mobile number": user.mobileNumber,
      role: user.role,
      "signed up": time(user.createdAt),
      "number verified": time(user.verifiedAt),
      deleted: time(user.deletedAt),
      "has a password": user.hasPassword,
      "open sessions": user.openSessions,
      chatrooms: user.chatrooms,
      "unfinished replies": user.unfinishedReplies,
    }),
    element("h4", {}, "Today's prompts"),
    quota
      ? facts({
          used: `${quota.used} of ${quota.limit ?? "no limit"}`,
          remaining: quota.remaining ?? "no limit",
          "resets at": time(quota.resetsAt),
        })
      : "—",
    element("h4", {}, "Tier"),
    entitlement
      ? facts({
          tier: entitlement.tier,
          reason: entitlement.reason,
          "triggered by": entitlement.cause,
          since: time(entitlement.since),
          until: entitlement.until === "infinity" ? "no end" : time(entitlement.until),
          subscription: entitlement.subscriptionId,
          "Stripe status": entitlement.subscriptionStatus,
        })
      : "—",
    element(
      "p",
      { className: "row" },
      user.suspendedAt
        ? change("Unsuspend", "unsuspend")
        : change("Suspend", "suspend", undefined, "Suspend this user? All their sessions end immediately."),
      user.role === "admin"
        ? change("Remove admin role", "role", { role: "user" })
        : change(
            "Make admin",
            "role",
            { role: "admin" },
            "Give this user access to everything on this page?",
          ),
    ),
  )
}

/** One page of a list, with a link to the next. */
async function list({ title, path, columns }, query) {
  const items = await call("GET", query ? `${path}?${decodeURIComponent(query)}` : path)
  const [section] = location.hash.slice(1).split("/")
  const older = items.next && `#${section}/${encodeURIComponent(items.next.split("?")[1])}`
  return [
    element("h2", {}, title),
    table(
      Object.keys(columns),
      items.map((item) => Object.values(columns).map((cell) => cell(item))),
    ),
    older ? element("p", {}, element("a", { href: older }, "Older")) : "",
  ]
}

/** A button that posts to `path`, shows the section again and says what was done. */
function action(label, path, done) {
  return button(label, null, async () => {
    await call("POST", path)
    await show()
    notice.textContent = done
  })
}

async function attempt(work) {
  notice.textContent = ""
  try {
    await work()
  } catch (error) {
    notice.textContent = error.message
  }
}

function button(label, question, work) {
  const made = element("button", { type: "button" }, label)
  made.addEventListener("click", () => {
    if (!question || confirm(question)) attempt(work)
  })
  return made
}

function tile(label, value, isGood) {
  const className = isGood === undefined ? "tile" : `tile ${isGood ? "good" : "bad"}`
  return element("div", { className }, element("span", {}, label), element("strong", {}, value))
}

function table(heads, rows) {
  if (rows.length === 0) return element("p", { className: "hint" }, "None.")
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)))
  const body = rows.map((cells) => {
    // On a phone a row is a block, in which each value is labelled.
    const labelled = cells.map((cell, column) => {
      const made = element("td", {}, cell)
      made.dataset.label = heads[column]
      return made
    })
    return element("tr", {}, ...labelled)
  })
  const made = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body))
  return element("div", { className: "scroll" }, made)
}

function facts(values) {
  const lines = Object.entries(values).flatMap(([name, value]) => [
    element("dt", {}, name),
    element("dd", {}, Array.isArray(value) ? value.join(", ") || "—" : (value ?? "—")),
  ])
  return element("dl", {}, ...lines)
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children.map((child) => (child instanceof Node ? child : String(child))))
  return made
}

function time(text) {
  return text ? text.replace("T", " ").replace(/\.\d+Z$/, " UTC") : "—"
}

function duration(seconds) {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3_600) % 24, (seconds / 60) % 60].map(
    Math.floor,
  )
  return days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`
}
