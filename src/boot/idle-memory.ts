import { Script } from "node:vm"

/**
 * Lets V8 give memory back while the process has little to do: it then collects all garbage, in steps, and returns the
 * pages that are free. It looks every 8 s how much was allocated of late, also of objects that C++ manages, and takes
 * none of these at all for very many (https://github.com/nodejs/node/issues/66564), so that it would hardly ever begin.
 * A script is such an object.
 * @param everyMs longer than 16 s, as V8 takes a script for many, too, when it looks the next time; it has forgotten it
 *   after 107 s
 * @returns ends it
 */
export function giveMemoryBack(everyMs: number): () => void {
  const allocate = () => void new Script("")
  allocate()
  const timer = setInterval(allocate, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
