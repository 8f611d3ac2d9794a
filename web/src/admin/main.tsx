import { render } from "preact"
import "../ui/base.css"
import "../ui/parts.css"
import "../ui/dialog.css"
import "../ui/toasts.css"
import "../ui/policy-links.css"
import "./admin.css"
import { loadLanguage } from "../i18n/index.ts"
import { AdminPage } from "./admin-page.tsx"
import { signInPath } from "./api.ts"
import { SignIn } from "./sign-in.tsx"
import { loadWords, w } from "./words/index.ts"

await loadLanguage(navigator.languages)
await loadWords()
const isSignIn = location.pathname === signInPath
if (isSignIn) document.title = w.signIn.title
render(isSignIn ? <SignIn /> : <AdminPage />, document.getElementById("root") as HTMLElement)
