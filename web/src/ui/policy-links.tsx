import { t } from "../i18n/index.ts"
import { imprintUrl, privacyUrl } from "../state/service.ts"

/** Links to the operator's privacy policy and imprint, where there are any. */
export function PolicyLinks() {
  const links: [string | null, string][] = [
    [privacyUrl, t.common.privacy],
    [imprintUrl, t.common.imprint],
  ]
  const shown = links.filter(([href]) => href !== null)
  if (shown.length === 0) return null
  return (
    <ul class="policy-links">
      {shown.map(([href, name]) => (
        <li key={name}>
          <a href={href as string} target="_blank" rel="noopener noreferrer">
            {name}
          </a>
        </li>
      ))}
    </ul>
  )
}
