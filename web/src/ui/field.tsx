import type { Signal } from "@preact/signals"
import type { Ref } from "preact"
import { useId } from "preact/hooks"

interface Props {
  label: string
  hint?: string
  problem: string | null
  value: Signal<string>
  inputRef?: Ref<HTMLInputElement>
  onChange?: (value: string) => void
  type?: "tel" | "text" | "password"
  name: string
  autocomplete: "tel" | "one-time-code" | "name" | "username" | "current-password" | "new-password"
  class?: string
  inputMode?: "numeric"
  maxLength?: number
}

/** An input with its label, a hint and what is wrong with it. */
export function Field({ label, hint, problem, value, inputRef, onChange, ...rest }: Props) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...(rest as object)}
        id={id}
        ref={inputRef}
        value={value}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-note`}
        onInput={({ currentTarget }) => {
          if (onChange) onChange(currentTarget.value)
          else value.value = currentTarget.value
        }}
      />
      <p id={`${id}-note`} class={problem ? "problem" : "soft"} role={problem ? "alert" : undefined}>
        {problem ?? hint}
      </p>
    </div>
  )
}
