const form = document.getElementById("sign-in")
const token = document.getElementById("token")
const problem = document.getElementById("problem")

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  problem.textContent = ""
  const response = await fetch("/admin/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: token.value.trim() }),
  }).catch(() => null)
  if (response?.ok) return location.assign(target())
  const { detail } = (await response?.json().catch(() => null)) ?? {
    detail: "The server can't be reached. Try again in a moment.",
  }
  problem.textContent = detail
  token.select()
})

/** Returns where to go after signing in; only pages below /admin are allowed. */
function target() {
  const to = new URLSearchParams(location.search).get("to") ?? ""
  return /^\/admin(\/[\w/-]*)?$/.test(to) ? to : "/admin"
}
