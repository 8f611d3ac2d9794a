import { chooseLanguage, chosenLanguage, languages, nameOfLanguage } from "../i18n/index.ts"
import { w } from "./words/index.ts"

/** The language of the page: the browser's, or one that is chosen here and kept in this browser. */
export function Language() {
  return (
    <section>
      <h2>{w.language}</h2>
      <select
        aria-label={w.language}
        value={chosenLanguage() ?? ""}
        onChange={({ currentTarget }) => chooseLanguage(currentTarget.value || null)}
      >
        <option value="">{w.languageOfBrowser}</option>
        {languages.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {nameOfLanguage(tag)}
          </option>
        ))}
      </select>
    </section>
  )
}
