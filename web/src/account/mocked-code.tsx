import { t } from "../i18n/index.ts"

/** The code that no message has brought, said to be mocked, to be filled in. */
export function MockedCode({ code, onFill }: { code: string; onFill: () => void }) {
  return (
    <div class="mocked">
      <p>{t.signIn.mocked}</p>
      <p>
        <strong>{code}</strong>
        <button type="button" class="link" onClick={onFill}>
          {t.signIn.fillIn}
        </button>
      </p>
    </div>
  )
}
