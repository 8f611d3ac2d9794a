import { t } from "../i18n/index.ts"
import { openDialog } from "../ui/dialogs.tsx"
import { currentImport } from "./imports.ts"

/** The way to conversations from elsewhere, and to an import that is running. */
export function ImportSection() {
  const at = currentImport.value?.at
  const isRunning = at === "sending" || at === "running"
  return (
    <section>
      <h2>{t.import.section}</h2>
      <p class="soft">{isRunning ? t.import.running : at === "ended" ? t.import.ended : t.import.lead}</p>
      <button type="button" class="secondary" onClick={() => openDialog({ what: "import" })}>
        {isRunning || at === "ended" ? t.import.look : t.import.open}
      </button>
    </section>
  )
}
