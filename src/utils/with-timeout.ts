/** The wait is made in so many parts: a process that stands still loses one of them. */
const PARTS = 10

/**
 * Waits at most `ms` for `work`, as time that this process runs.
 * @throws a TimeoutError if it takes longer
 */
export async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    // What came meanwhile is taken before the end is: timers run before it.
    const end = () => setImmediate(() => reject(tooLate(ms)))
    const wait = (parts: number) => {
      timer = setTimeout(() => (parts === 1 ? end() : wait(parts - 1)), ms / PARTS)
    }
    wait(PARTS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const tooLate = (ms: number) => new DOMException(`It took longer than ${ms} ms.`, "TimeoutError")
