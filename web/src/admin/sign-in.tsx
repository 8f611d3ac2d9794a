import { useSignal } from "@preact/signals"
import { useLayoutEffect, useRef } from "preact/hooks"
import { appName } from "../state/service.ts"
import { wordsOf } from "../ui/errors.ts"
import { PolicyLinks } from "../ui/policy-links.tsx"
import { call } from "./api.ts"
import { w } from "./words/index.ts"

export function SignIn() {
  const token = useRef<HTMLInputElement>(null)
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  useLayoutEffect(() => token.current?.focus(), [])

  async function submit(event: SubmitEvent) {
    event.preventDefault()
    const given = token.current?.value.trim()
    if (!given || isBusy.value) return
    isBusy.value = true
    problem.value = null
    try {
      await call("POST /admin/session", { body: { token: given } })
      location.assign(target())
    } catch (error) {
      problem.value = wordsOf(error)
      isBusy.value = false
      token.current?.select()
    }
  }

  return (
    <main class="admin-sign-in">
      <p class="soft">{appName}</p>
      <h1>{w.signIn.title}</h1>
      <form onSubmit={submit} noValidate>
        <div class="field">
          <label for="token">{w.signIn.token}</label>
          <input
            ref={token}
            id="token"
            type="password"
            autocomplete="current-password"
            aria-describedby="token-note"
            aria-invalid={problem.value !== null}
          />
          <p
            id="token-note"
            class={problem.value ? "problem" : "soft"}
            role={problem.value ? "alert" : undefined}
          >
            {problem.value ?? w.signIn.hint}
          </p>
        </div>
        <button type="submit" class="primary wide" disabled={isBusy.value}>
          {w.signIn.button}
        </button>
      </form>
      <PolicyLinks />
    </main>
  )
}

/** Where to go after signing in: only pages below /admin. */
function target(): string {
  const to = new URLSearchParams(location.search).get("to") ?? ""
  return /^\/admin(?:\/[\w/-]*)?$/.test(to) ? to : "/admin"
}
