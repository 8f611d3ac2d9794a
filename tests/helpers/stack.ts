import { onTestFinished } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"

const CLEAN_UP_WITHIN_MS = MINUTE

/** What is put on it is undone at the end of the test, also of one that took too long. */
export function testStack(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync(), CLEAN_UP_WITHIN_MS)
  return stack
}
