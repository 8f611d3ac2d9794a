import { t } from "../i18n/index.ts"

/** Grey lines where messages will be. */
export function LoadingLines() {
  return (
    <div class="waiting" role="status" aria-label={t.common.loading}>
      {["w50", "w90", "w70", "w80"].map((width) => (
        <span key={width} class={width} />
      ))}
    </div>
  )
}
