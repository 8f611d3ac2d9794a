import { Script } from "node:vm"

/**
 * Lets V8 give memory back while the process rests: it collects all garbage then, mostly in steps, and returns the free
 * pages of its young generation. V8 looks every 8 s at how much was allocated lately. Since version 13 it takes a process
 * for busy in which no object that C++ manages was allocated, as `--trace-memory-reducer --trace-mutator-utilization`
 * show, and collects only 100 s after the last full collection, which any other one puts off. A script is such an object.
 * @param everyMs longer than 16 s, as V8 takes a script for much, too, when it looks the next time; after some 100 s it
 *   has forgotten it
 * @returns a function that stops it
 */
export function giveMemoryBack(everyMs: number): () => void {
  const allocate = () => void new Script("")
  allocate()
  const timer = setInterval(allocate, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}
