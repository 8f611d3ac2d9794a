import { formatNumber, t } from "../i18n/index.ts"
import { Dialog } from "../ui/dialog.tsx"
import "./import.css"
import { faultOf } from "./import-fault.ts"
import { ImportReport } from "./import-report.tsx"
import { clearImport, currentImport, startImport } from "./imports.ts"

/** Takes a file of conversations and says what becomes of it. Closing it ends nothing. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t.import.title} onClose={onClose} class="import">
      <Content onClose={onClose} />
    </Dialog>
  )
}

function Content({ onClose }: { onClose: () => void }) {
  const { value: state } = currentImport
  if (state === null) return <Choice />
  if (state.at === "sending") {
    return (
      <>
        <Progress words={t.import.sending(state.name)} value={state.share} max={1} />
        <div class="dialog-actions">
          <button type="button" class="secondary" onClick={state.cancel}>
            {t.common.cancel}
          </button>
        </div>
      </>
    )
  }
  if (state.at === "running") {
    const { done, total } = state.report
    return (
      <>
        {total === null ? (
          <Progress words={t.import.reading} />
        ) : (
          <Progress
            words={t.import.progress(formatNumber(done), formatNumber(total))}
            value={done}
            max={total}
          />
        )}
        <p class="soft">{t.import.background}</p>
        <div class="dialog-actions">
          <button type="button" class="secondary" onClick={onClose}>
            {t.common.close}
          </button>
        </div>
      </>
    )
  }
  return (
    <>
      {state.at === "failed" ? (
        <p class="problem" role="alert">
          {state.words}
        </p>
      ) : (
        <ImportReport report={state.report} />
      )}
      <div class="dialog-actions">
        <button type="button" class="link" onClick={clearImport}>
          {t.import.again}
        </button>
        <button type="button" class="primary" onClick={onClose}>
          {t.common.close}
        </button>
      </div>
    </>
  )
}

function Progress({ words, value, max }: { words: string; value?: number; max?: number }) {
  return (
    <div>
      {/* Numbers that run would be read out without end; a screen reader asks the bar. */}
      <p>{words}</p>
      <progress aria-label={words} max={max ?? 1} {...(value === undefined ? {} : { value })} />
    </div>
  )
}

async function begin(file: File): Promise<void> {
  const fault = await faultOf(file).catch(() => null)
  if (fault === null) await startImport(file)
  else currentImport.value = { at: "failed", words: fault }
}

function Choice() {
  return (
    <>
      <p class="soft">{t.import.lead}</p>
      {/* The input lies over its label: it takes clicks, keys and files that are dropped. */}
      <label class="drop">
        <input
          type="file"
          accept=".json,application/json"
          onChange={({ currentTarget: { files } }) => files?.[0] && void begin(files[0])}
        />
        <span class="primary">{t.import.choose}</span>
        <span class="soft">{t.import.drop}</span>
      </label>
      <div>
        <h3>{t.import.formats}</h3>
        <ul>
          <li>{t.import.chatgpt}</li>
          <li>{t.import.openWebui}</li>
          <li>{t.import.ours}</li>
        </ul>
      </div>
    </>
  )
}
