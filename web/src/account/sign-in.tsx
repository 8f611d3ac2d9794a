import { signal, useSignal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { isAwaited } from "../shared/continue-later.ts"
import { appName } from "../state/service.ts"
import { PolicyLinks } from "../ui/policy-links.tsx"
import { CodeForm } from "./code-form.tsx"
import { isErased } from "./farewell.ts"
import { NumberForm } from "./number-form.tsx"
import { PasswordSignIn } from "./password-sign-in.tsx"
import type { SentCode } from "./request-code.ts"
import "./sign-in.css"

/** Kept over a failed attempt, so that nobody has to write it twice. */
const number = signal("")

export function SignIn() {
  const sent = useSignal<SentCode | null>(null)
  const byPassword = useSignal(false)
  return (
    <main class="sign-in">
      <p class="service-name">
        <span class="mark" aria-hidden="true" />
        {appName}
      </p>
      {isErased.value && (
        <p class="lead" role="status">
          {t.signIn.erased}
        </p>
      )}
      {isAwaited.value && <p class="lead">{t.shared.signInFirst}</p>}
      {byPassword.value ? (
        <PasswordSignIn number={number} onCode={() => (byPassword.value = false)} />
      ) : sent.value ? (
        <CodeForm sent={sent} />
      ) : (
        <NumberForm
          number={number}
          onSent={(code) => {
            isErased.value = false
            sent.value = code
          }}
          onPassword={() => (byPassword.value = true)}
        />
      )}
      <p class="fine">{t.signIn.fine}</p>
      <PolicyLinks />
    </main>
  )
}
