import type { Signal } from "@preact/signals"
import { Field } from "../ui/field.tsx"
import { w } from "./words/index.ts"

/** The password that the service wants before it changes what the account is signed in by. */
export function CurrentPassword({ value }: { value: Signal<string> }) {
  return (
    <Field
      label={w.currentPassword}
      problem={null}
      type="password"
      name="current"
      autocomplete="current-password"
      value={value}
    />
  )
}
