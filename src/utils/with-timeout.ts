/** Waits at most `ms` for `work`. @throws a TimeoutError if it takes longer */
export async function withTimeout<T>(ms: number, work: Promise<T>): Promise<T> {
  const timeout = AbortSignal.timeout(ms)
  return Promise.race([
    work,
    new Promise<never>((_, reject) =>
      timeout.addEventListener("abort", () => reject(timeout.reason), { once: true }),
    ),
  ])
}
