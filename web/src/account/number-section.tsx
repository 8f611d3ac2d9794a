import { useSignal } from "@preact/signals"
import { ApiError, client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { loadUser, user } from "../state/session.ts"
import { wordsOf } from "../ui/errors.ts"
import { Field } from "../ui/field.tsx"
import { tell } from "../ui/toasts.ts"
import { CurrentPassword } from "./current-password.tsx"
import { FormActions } from "./form-actions.tsx"
import { MockedCode } from "./mocked-code.tsx"
import { useOpenForm } from "./use-open-form.ts"
import { w } from "./words/index.ts"

/** A code that was sent to the number that is to be the user's. */
interface Sent {
  mobileNumber: string
  mocked: string | null
}

/** The number, and the way to another: a code to the new one proves it. */
export function NumberSection() {
  const sent = useSignal<Sent | null>(null)
  const { section, isOpen } = useOpenForm(sent)
  const close = () => {
    isOpen.value = false
    sent.value = null
  }
  return (
    <section ref={section}>
      <h2>{w.number}</h2>
      <p class="number-line">
        <bdi>{user.value?.mobileNumber}</bdi>
        {!isOpen.value && (
          <button type="button" class="link" onClick={() => (isOpen.value = true)}>
            {w.changeNumber}
          </button>
        )}
      </p>
      {isOpen.value &&
        (sent.value ? (
          <ProofForm sent={sent.value} onClose={close} />
        ) : (
          <NewNumberForm onSent={(code) => isOpen.peek() && (sent.value = code)} onClose={close} />
        ))}
    </section>
  )
}

function NewNumberForm({ onSent, onClose }: { onSent: (sent: Sent) => void; onClose: () => void }) {
  const number = useSignal("")
  const current = useSignal("")
  const isCurrentWanted = useSignal(false)
  const problem = useSignal<string | null>(null)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    problem.value = null
    const mobileNumber = number.value.trim()
    const currentPassword = current.value || undefined
    try {
      const { otp } = await client.call("POST /user/me/mobile-number", {
        body: { mobileNumber, ...(currentPassword ? { currentPassword } : {}) },
      })
      onSent({ mobileNumber, mocked: otp ?? null })
    } catch (error) {
      const isMissing = error instanceof ApiError && error.code === "current_password_invalid"
      problem.value =
        isMissing && !isCurrentWanted.value
          ? w.currentWanted
          : wordsOf(error, {
              invalid_request: w.numberInvalid,
              current_password_invalid: w.currentWrong,
              recent_sign_in_required: w.signInAgain,
            })
      isCurrentWanted.value ||= isMissing
    }
  }

  return (
    <form class="password-form" onSubmit={submit} noValidate>
      {isCurrentWanted.value && <CurrentPassword value={current} />}
      <Field
        label={w.newNumber}
        hint={w.newNumberHint}
        problem={problem.value}
        type="tel"
        name="mobileNumber"
        autocomplete="tel"
        value={number}
      />
      <FormActions label={t.signIn.sendCode} isDisabled={number.value.trim() === ""} onClose={onClose} />
    </form>
  )
}

function ProofForm({ sent: { mobileNumber, mocked }, onClose }: { sent: Sent; onClose: () => void }) {
  const code = useSignal("")
  const problem = useSignal<string | null>(null)
  async function submit(event: SubmitEvent) {
    event.preventDefault()
    problem.value = null
    try {
      await client.call("POST /user/me/mobile-number/verify", {
        body: { mobileNumber, otp: code.value.trim() },
      })
      await loadUser()
      tell(w.numberChanged)
      onClose()
    } catch (error) {
      problem.value = wordsOf(error, {
        otp_invalid: t.signIn.wrongCode,
        invalid_request: t.signIn.wrongCode,
        mobile_number_taken: w.numberTaken,
      })
    }
  }
  return (
    <form class="password-form" onSubmit={submit} noValidate>
      <Field
        label={mocked ? t.signIn.mockedLead(mobileNumber) : t.signIn.codeLead(mobileNumber)}
        problem={problem.value}
        name="otp"
        inputMode="numeric"
        autocomplete="one-time-code"
        value={code}
      />
      {mocked && <MockedCode code={mocked} onFill={() => (code.value = mocked)} />}
      <FormActions label={w.changeNumber} isDisabled={code.value.trim() === ""} onClose={onClose} />
    </form>
  )
}
