import { render } from "preact"
import "./ui/base.css"
import "./ui/parts.css"
import "./ui/waiting.css"
import "./ui/menu.css"
import "./ui/toasts.css"
import "./ui/dialog.css"
import "./ui/policy-links.css"
import "./rooms/rooms.css"
import "./rooms/temporary.css"
import "./thread/index.css"
import "./composer/composer.css"
import "./composer/commands.css"
import "./ui/print.css"
import { App } from "./app.tsx"
import { loadLanguage } from "./i18n/index.ts"
import { onLink } from "./router.ts"
import "./shared/continue-kept.ts"
import { registerWorker } from "./service-worker/register.ts"
import { beginEmbedding } from "./state/embedding.ts"
import { startSession } from "./state/session.ts"
import { onCodeTool } from "./thread/markdown/code-tools.ts"
import { onPrintKey } from "./thread/print.ts"
import { prepareFacts } from "./thread/wanted-facts.ts"
import { followKeyboard } from "./ui/keyboard-inset.ts"

beginEmbedding()
await loadLanguage(navigator.languages)
startSession()
addEventListener("click", onLink)
addEventListener("click", onCodeTool)
addEventListener("keydown", onPrintKey)
render(<App />, document.getElementById("root") as HTMLElement)
followKeyboard()
registerWorker()
prepareFacts()
