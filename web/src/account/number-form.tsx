import { type Signal, useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { Field } from "../ui/field.tsx"
import { requestCode, type SentCode } from "./request-code.ts"

export function NumberForm({
  number,
  onSent,
  onPassword,
}: {
  number: Signal<string>
  onSent: (code: SentCode) => void
  onPassword: () => void
}) {
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
      onSent(await requestCode(number.value.trim()))
    } catch (error) {
      problem.value = wordsOf(error, { invalid_request: t.signIn.numberInvalid })
      input.current?.focus()
    }
    isBusy.value = false
  }

  return (
    <form onSubmit={submit} noValidate>
      <h1>{t.signIn.title}</h1>
      <p class="lead">{t.signIn.lead}</p>
      <Field
        inputRef={input}
        label={t.signIn.number}
        hint={t.signIn.numberHint}
        problem={problem.value}
        type="tel"
        name="mobileNumber"
        autocomplete="tel"
        value={number}
      />
      <button type="submit" class="primary wide" disabled={number.value.trim() === "" || isBusy.value}>
        {t.signIn.sendCode}
      </button>
      <div class="beside">
        <button type="button" class="link" onClick={onPassword}>
          {t.signIn.byPassword}
        </button>
      </div>
    </form>
  )
}
