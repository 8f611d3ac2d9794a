import { signal } from "@preact/signals"

/** Whether the account was erased from this page, which the sign-in page tells. */
export const isErased = signal(false)
