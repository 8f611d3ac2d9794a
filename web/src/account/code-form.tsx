import { type Signal, useSignal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { client } from "../api/client.ts"
import { t } from "../i18n/index.ts"
import { wordsOf } from "../ui/errors.ts"
import { Field } from "../ui/field.tsx"
import { MockedCode } from "./mocked-code.tsx"
import { requestCode, type SentCode } from "./request-code.ts"

const DIGITS = 6

export function CodeForm({ sent }: { sent: Signal<SentCode | null> }) {
  const { mobileNumber, mocked } = sent.value as SentCode
  const code = useSignal("")
  const problem = useSignal<string | null>(null)
  const isBusy = useSignal(false)
  const input = useRef<HTMLInputElement>(null)
  useLayoutEffect(() => input.current?.focus(), [])

  async function enter() {
    if (isBusy.value) return
    isBusy.value = true
    problem.value = null
    try {
      await client.call("POST /auth/verify-otp", { body: { mobileNumber, otp: code.value.trim() } })
    } catch (error) {
      isBusy.value = false
      problem.value = wordsOf(error, { otp_invalid: t.signIn.wrongCode, invalid_request: t.signIn.wrongCode })
      input.current?.select()
    }
  }

  function onChange(value: string) {
    code.value = value
    if (value.trim().length === DIGITS) void enter()
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void enter()
      }}
      noValidate
    >
      <h1>{t.signIn.codeTitle}</h1>
      <p class="lead">{mocked ? t.signIn.mockedLead(mobileNumber) : t.signIn.codeLead(mobileNumber)}</p>
      <Field
        inputRef={input}
        label={t.signIn.code}
        problem={problem.value}
        class="code-input"
        inputMode="numeric"
        name="otp"
        autocomplete="one-time-code"
        maxLength={DIGITS}
        value={code}
        onChange={onChange}
      />
      {mocked && <MockedCode code={mocked} onFill={() => onChange(mocked)} />}
      <button type="submit" class="primary wide" disabled={code.value.trim() === "" || isBusy.value}>
        {t.signIn.signIn}
      </button>
      <div class="beside">
        <button type="button" class="link" onClick={() => (sent.value = null)}>
          {t.signIn.otherNumber}
        </button>
        <Again sent={sent} onProblem={(text) => (problem.value = text)} />
      </div>
    </form>
  )
}

/** Counts down until another code may be asked for. */
function Again({
  sent,
  onProblem,
}: {
  sent: Signal<SentCode | null>
  onProblem: (text: string | null) => void
}) {
  const now = useSignal(Date.now())
  useEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 1000)
    return () => clearInterval(timer)
  }, [now])
  const { mobileNumber, againAt } = sent.value as SentCode
  const seconds = Math.ceil((againAt - now.value) / 1000)
  if (seconds > 0) return <span class="soft">{t.signIn.againIn(seconds)}</span>

  async function ask() {
    onProblem(null)
    try {
      sent.value = await requestCode(mobileNumber)
    } catch (error) {
      onProblem(wordsOf(error))
    }
  }
  return (
    <button type="button" class="link" onClick={ask}>
      {t.signIn.again}
    </button>
  )
}
