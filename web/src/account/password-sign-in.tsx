import { type Signal, useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import { client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { Field } from "../ui/field.tsx"

/** Signs in by number and password. Somebody who has forgotten it signs in by a code and sets another one. */
export function PasswordSignIn({ number, onCode }: { number: Signal<string>; onCode: () => void }) {
  const password = useSignal("")
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => input.current?.focus(), [])

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    if (isBusy.value) return
    isBusy.value = true
    problem.value = null
    try {
      const body = { mobileNumber: number.value.trim(), password: password.value }
      await client.call("POST /auth/login", { body })
    } catch (error) {
      problem.value = wordsOf(error, {
        credentials_invalid: t.signIn.wrongPassword,
        invalid_request: t.signIn.wrongPassword,
      })
      isBusy.value = false
    }
  }

  const isEmpty = number.value.trim() === "" || password.value === ""
  return (
    <form onSubmit={submit} noValidate>
      <h1>{t.signIn.title}</h1>
      <p class="lead">{t.signIn.passwordLead}</p>
      <Field
        inputRef={input}
        label={t.signIn.number}
        hint={t.signIn.numberHint}
        problem={null}
        type="tel"
        name="mobileNumber"
        autocomplete="username"
        value={number}
      />
      <Field
        label={t.signIn.password}
        problem={problem.value}
        type="password"
        name="password"
        autocomplete="current-password"
        value={password}
      />
      <button type="submit" class="primary wide" disabled={isEmpty || isBusy.value}>
        {t.signIn.signIn}
      </button>
      <div class="beside">
        <button type="button" class="link" onClick={onCode}>
          {t.signIn.byCode}
        </button>
      </div>
      <p class="fine">{t.signIn.forgotten}</p>
    </form>
  )
}
