import { useSignal } from "@preact/signals"
import { ApiError, client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { loadUser, user } from "../state/session.ts"
import { wordsOf } from "../ui/errors.ts"
import { Field } from "../ui/field.tsx"
import { tell } from "../ui/toasts.ts"
import { CurrentPassword } from "./current-password.tsx"
import { FormActions } from "./form-actions.tsx"
import { useOpenForm } from "./use-open-form.ts"
import { w } from "./words/index.ts"

/** Sets or changes the password. The present one is asked for only where the service wants it. */
export function PasswordSection() {
  const { section, isOpen } = useOpenForm()
  const hasPassword = user.value?.hasPassword ?? false
  return (
    <section ref={section}>
      <h2>{w.password}</h2>
      <p class="soft">{hasPassword ? w.hasPassword : w.noPassword}</p>
      {isOpen.value ? (
        <PasswordForm onClose={() => (isOpen.value = false)} />
      ) : (
        <button type="button" class="secondary" onClick={() => (isOpen.value = true)}>
          {hasPassword ? w.changePassword : w.setPassword}
        </button>
      )}
    </section>
  )
}

function PasswordForm({ onClose }: { onClose: () => void }) {
  const chosen = useSignal("")
  const current = useSignal("")
  const isCurrentWanted = useSignal(false)
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    isBusy.value = true
    problem.value = null
    const currentPassword = current.value || undefined
    try {
      await client.call("POST /auth/change-password", {
        body: { newPassword: chosen.value, ...(currentPassword ? { currentPassword } : {}) },
      })
      await loadUser()
      tell(w.passwordSet)
      return onClose()
    } catch (error) {
      const isMissing = error instanceof ApiError && error.code === "current_password_invalid"
      // The first time it was missing, not wrong.
      problem.value =
        isMissing && !isCurrentWanted.value
          ? w.currentWanted
          : wordsOf(error, {
              invalid_request: w.passwordRules,
              current_password_invalid: w.currentWrong,
            })
      isCurrentWanted.value ||= isMissing
    }
    isBusy.value = false
  }

  return (
    <form class="password-form" onSubmit={submit}>
      {/* For password managers, which keep it with the number. */}
      <input
        class="unseen"
        type="text"
        autocomplete="username"
        value={user.value?.mobileNumber ?? ""}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      {isCurrentWanted.value && <CurrentPassword value={current} />}
      <Field
        label={w.newPassword}
        hint={w.passwordRules}
        problem={problem.value}
        type="password"
        name="new"
        autocomplete="new-password"
        value={chosen}
      />
      <FormActions label={t.common.save} isDisabled={chosen.value === "" || isBusy.value} onClose={onClose} />
    </form>
  )
}
