import { render } from "preact"
import "./ui/base.css"
import "./ui/parts.css"
import "./ui/menu.css"
import "./ui/policy-links.css"
import "./rooms/rooms.css"
import "./thread/index.css"
import "./composer/composer.css"
import "./account/account.css"
import { App } from "./app.tsx"
import { loadLanguage } from "./i18n/index.ts"
import { onLink } from "./router.ts"
import "./shared/continue-kept.ts"
import { startSession } from "./state/session.ts"
import { onCodeTool } from "./thread/markdown/code-tools.ts"

await loadLanguage(navigator.languages)
startSession()
addEventListener("click", onLink)
addEventListener("click", onCodeTool)
render(<App />, document.getElementById("root") as HTMLElement)
