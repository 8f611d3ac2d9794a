import { afterAll, afterEach, beforeAll } from "vitest"
import { type SignedIn, signIn, startTestApp, type TestApp, type TestAppOptions } from "./app.ts"
import { makePro } from "./chat.ts"

/**
 * Starts an app before the tests of the file, or of the `describe` around the call, and closes it after them.
 * @param options as a function where they are known only after earlier hooks
 * @returns an object that is the app as soon as the first test runs
 */
export function useTestApp(options: TestAppOptions | (() => TestAppOptions) = {}): TestApp {
  const app = {} as TestApp
  beforeAll(async () => {
    const started = await startTestApp(typeof options === "function" ? options() : options)
    Object.defineProperties(app, Object.getOwnPropertyDescriptors(started))
  })
  afterEach(({ task }) => {
    const [error] = task.result?.errors ?? []
    const said = error ? errorsIn(app.logs?.()) : ""
    if (error && said) error.message += `\nThe service said:\n${said}`
  })
  afterAll(() => app.close?.())
  return app
}

/** The last lines of a log that say why the service couldn't answer as it should. */
export const errorsIn = (logs = "") =>
  logs
    .split("\n")
    .filter((line) => line.startsWith('{"level":"error"'))
    .slice(-5)
    .join("\n")

/** Signs a user in before the tests. @returns an object that is the user as soon as the first test runs */
export function useUser(app: TestApp, { pro = false }: { pro?: boolean } = {}): SignedIn {
  const user = {} as SignedIn
  beforeAll(async () => {
    Object.assign(user, await signIn(app))
    if (pro) await makePro(app, user)
  })
  return user
}
