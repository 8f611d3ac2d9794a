/** What the operator calls the service, and the addresses of its policies. The server writes them into the page. */
export const appName = read("app-name") ?? "Chat"
export const privacyUrl = read("privacy-url")
export const imprintUrl = read("imprint-url")

function read(name: string): string | null {
  return document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content || null
}
