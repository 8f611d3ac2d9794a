import { chooseLanguage, chosenLanguage, languages, nameOfLanguage, t } from "../i18n/index.ts"

/** The language of the page: the browser's, or one that is chosen here and kept in this browser. */
export function Language() {
  return (
    <section>
      <h2>{t.account.language}</h2>
      <select
        aria-label={t.account.language}
        value={chosenLanguage() ?? ""}
        onChange={({ currentTarget }) => chooseLanguage(currentTarget.value || null)}
      >
        <option value="">{t.account.languageOfBrowser}</option>
        {languages.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {nameOfLanguage(tag)}
          </option>
        ))}
      </select>
    </section>
  )
}
