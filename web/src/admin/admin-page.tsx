import { useSignal, useSignalEffect } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { appName } from "../state/service.ts"
import { wordsOf } from "../ui/errors.ts"
import { PolicyLinks } from "../ui/policy-links.tsx"
import { Toasts } from "../ui/toast-list.tsx"
import { tell } from "../ui/toasts.ts"
import { ActivitySection } from "./activity-section.tsx"
import { call, signInPath } from "./api.ts"
import { AuditSection } from "./audit-section.tsx"
import { BillingSection } from "./billing-section.tsx"
import { place, SECTIONS, type Section, toSection } from "./place.ts"
import { RepliesSection } from "./replies-section.tsx"
import { SystemSection } from "./system-section.tsx"
import { UsersSection } from "./users-section.tsx"
import { w } from "./words/index.ts"

const VIEWS: Record<Section, () => preact.JSX.Element> = {
  activity: ActivitySection,
  users: UsersSection,
  replies: RepliesSection,
  billing: BillingSection,
  audit: AuditSection,
  system: SystemSection,
}

export function AdminPage() {
  useSignalEffect(() => {
    document.title = `${w[place.value.section].title} · ${appName}`
  })
  const { section } = place.value
  const sections = useRef<HTMLElement>(null)
  // On a phone they are a line that is longer than the screen.
  useEffect(() => {
    sections.current
      ?.querySelector("[aria-current=page]")
      ?.scrollIntoView({ block: "nearest", inline: "center" })
  }, [section])
  const View = VIEWS[section]
  return (
    <div class="admin">
      {/* Not a link: the address's hash is the section's. */}
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>
        {w[section].title}
      </button>
      <header>
        <strong class="admin-name">{appName}</strong>
        <Actor />
        <nav aria-label={w.sections} ref={sections}>
          {SECTIONS.map((each) => (
            <a key={each} href={toSection(each)} aria-current={each === section ? "page" : undefined}>
              {w[each].title}
            </a>
          ))}
          <a href="/admin/queues">{w.queues}</a>
        </nav>
      </header>
      <main id="main" tabIndex={-1}>
        <View key={section} />
      </main>
      <footer>
        <PolicyLinks />
      </footer>
      <Toasts />
    </div>
  )
}

/** Who is signed in, and the way out. */
function Actor() {
  const actor = useSignal("")
  useEffect(() => {
    call("GET /admin/session")
      .then((session) => (actor.value = session.actor === "admin_token" ? w.token : session.actor))
      .catch((error: unknown) => tell(wordsOf(error)))
  }, [actor])
  async function signOut() {
    try {
      await call("DELETE /admin/session")
      location.assign(signInPath)
    } catch {
      tell(t.common.unreachable)
    }
  }
  return (
    <span class="actor">
      <span class="soft id">{actor.value}</span>
      <button type="button" class="link" onClick={signOut}>
        {w.signOut}
      </button>
    </span>
  )
}
