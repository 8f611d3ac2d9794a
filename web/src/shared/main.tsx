import { render } from "preact"
import "../ui/base.css"
import "../ui/parts.css"
import "../ui/toasts.css"
import "../ui/policy-links.css"
import "../thread/index.css"
import "./shared.css"
import { loadLanguage } from "../i18n/index.ts"
import { onCodeTool } from "../thread/markdown/code-tools.ts"
import { readGiven } from "./given.ts"
import { SharedPage } from "./shared-page.tsx"

const given = readGiven()
await loadLanguage(navigator.languages)
addEventListener("click", onCodeTool)
const root = document.getElementById("root") as HTMLElement
// What the server wrote is for who has no script.
root.replaceChildren()
render(<SharedPage {...given} />, root)
