import { runProcess } from "../../src/boot/lifecycle.ts"
import { serve } from "../../src/boot/serve.ts"

/** The server as `npm start` starts it, but with quick passwords: a run sets and tries thousands of them. */
await runProcess(({ config, ...process }) =>
  serve({ config: { ...config, password: { ...config.password, bcryptCost: 4 } }, ...process }),
)
