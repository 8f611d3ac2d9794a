const form = document.getElementById("sign-in")
const token = document.getElementById("token")
const problem = document.getElementById("problem")

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  problem.textContent = ""
  const answer = await fetch("/admin/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: token.value.trim() }),
  }).catch(() => null)
  if (answer?.ok) return location.assign(target())
  const { detail } = (await answer?.json().catch(() => null)) ?? { detail: "The server can't be reached." }
  problem.textContent = detail
  token.select()
})

/** Pages of this server's below /admin, and nothing else. */
function target() {
  const to = new URLSearchParams(location.search).get("to") ?? ""
  return /^\/admin(\/[\w/-]*)?$/.test(to) ? to : "/admin"
}
