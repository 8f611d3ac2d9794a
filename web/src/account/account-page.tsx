import { useSignal } from "@preact/signals"
import { client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { ImportSection } from "../rooms/import-section.tsx"
import { toNew } from "../router.ts"
import { loadPlan, plan } from "../state/plan.ts"
import { loadUser, user } from "../state/session.ts"
import { TopBar } from "../thread/top-bar.tsx"
import { wordsOf } from "../ui/errors.ts"
import { PolicyLinks } from "../ui/policy-links.tsx"
import { tell } from "../ui/toasts.ts"
import { leave } from "./leave.ts"
import "./account.css"
import { CheckoutReturn } from "./checkout-return.tsx"
import { Data } from "./data-section.tsx"
import { HistorySection } from "./history-section.tsx"
import { Language } from "./language-section.tsx"
import { NotLoaded } from "./not-loaded.tsx"
import { NumberSection } from "./number-section.tsx"
import { PasswordSection } from "./password-section.tsx"
import { PlanSection } from "./plan-section.tsx"
import { Sessions } from "./sessions-section.tsx"
import { UsageSection } from "./usage-section.tsx"
import { w } from "./words/index.ts"

export function AccountPage() {
  return (
    <main id="main" class="thread-page" tabIndex={-1}>
      <TopBar />
      <div class="scroll">
        <div class="column account">
          <h1>{t.account.title}</h1>
          <CheckoutReturn />
          <Sections />
          <div class="account-end">
            <a class="link" href={toNew} data-inside>
              {w.back}
            </a>
            <button type="button" class="link" onClick={leave}>
              {w.signOut}
            </button>
          </div>
          <PolicyLinks />
        </div>
      </div>
    </main>
  )
}

/** Nothing can be changed, nor is anything said, of an account that hasn't been loaded. */
function Sections() {
  if (user.value === null || plan.value === null) {
    return (
      <>
        <NotLoaded load={loadAccount} words={w.notLoaded} />
        <Language />
      </>
    )
  }
  return (
    <>
      <PlanSection />
      <HistorySection />
      <UsageSection />
      <Profile />
      <NumberSection />
      <PasswordSection />
      <Language />
      <Sessions />
      <ImportSection />
      <Data />
    </>
  )
}

async function loadAccount(): Promise<void> {
  await Promise.all([loadUser(), loadPlan()])
}

function Profile() {
  const isBusy = useSignal(false)
  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const name = String(new FormData(event.currentTarget as HTMLFormElement).get("name")).trim()
    isBusy.value = true
    try {
      await client.call("PATCH /user/me", { body: { name: name || null } })
      await loadUser()
      tell(w.saved)
    } catch (error) {
      tell(wordsOf(error))
    }
    isBusy.value = false
  }
  return (
    <section>
      <h2>{w.profile}</h2>
      <form class="profile" onSubmit={submit}>
        <label>
          {w.name}
          <input name="name" maxLength={100} autocomplete="name" defaultValue={user.value?.name ?? ""} />
        </label>
        <button type="submit" class="secondary" disabled={isBusy.value}>
          {t.common.save}
        </button>
      </form>
    </section>
  )
}
