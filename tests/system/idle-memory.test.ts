import { test } from "vitest"
import { MINUTE } from "../../src/utils/time.ts"
import { until } from "../../tools/lib/until.ts"
import { fixture, run } from "./programs.ts"

test("V8 finds that a process rests, and collects garbage to give memory back", async () => {
  const flags = ["--trace-memory-reducer", "--gc-memory-reducer-start-delay-ms=100"]
  const { lines } = run([...flags, fixture("rest.ts")])
  const isSaid = (words: string) => () => lines.some((line) => line.endsWith(words))
  for (const words of ["Memory reducer: low alloc, foreground", "Memory reducer: started GC #1"])
    await until(words, isSaid(words), { timeoutMs: MINUTE })
})
