import { runCommand, wholeNumber } from "../shared/command.ts"
import { DEFAULT_CHUNK_DELAY_MS, startGeminiSimulator } from "./server.ts"

const help = `Simulates the Gemini API over HTTP.

  node simulators/gemini/main.ts [--port N] [--host H] [--chunk-delay MS] [--help]

  --port N           port to listen on; a free one by default
  --host H           address to listen on; 127.0.0.1 by default
  --chunk-delay MS   pause between the chunks of a reply; ${DEFAULT_CHUNK_DELAY_MS} by default
  --help             this text

Faults and replies are scripted by the prompt or by admin routes: see README.md beside this file.
`

await runCommand({
  name: "Gemini",
  help,
  flags: ["chunk-delay"],
  start: (listen, { "chunk-delay": delay }) =>
    startGeminiSimulator({ ...listen, chunkDelayMs: wholeNumber("--chunk-delay", delay) }),
})
