/**
 * The floor of the web client's figures: a page that shows the same texts as text, without Markdown, colours, a list of rooms
 * or anything to press. It is served in the browser itself, at this path of the API's origin.
 */
export const BARE_PATH = "/bare"

/** A page that opens the room of its address, `#ID`, and follows it. */
export const BARE_PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Bare</title>
<textarea style="position: fixed"></textarea>
<div id="room"></div>
<script>
const { token } = JSON.parse(localStorage.getItem("chat.tokens"))
const headers = { Authorization: "Bearer " + token }
const room = document.getElementById("room")
const add = (text) => {
  const article = document.createElement("article")
  article.style.whiteSpace = "pre-wrap"
  article.textContent = text
  room.append(article)
  return article
}
const block = (article) => article.appendChild(document.createElement("p")).appendChild(document.createTextNode(""))
async function openRoom(id) {
  room.textContent = ""
  const { messages } = await (await fetch("/chatroom/" + id + "?limit=50", { headers })).json()
  for (const { content } of messages) add(content)
}
async function follow(id) {
  const { body } = await fetch("/chatroom/" + id + "/events", { headers })
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = "", article = null, growing = null
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return
    const events = (rest + value).split("\\n\\n")
    rest = events.pop()
    for (const event of events) {
      if (event.includes("event: message\\n")) article = null
      if (!event.includes("event: delta\\n")) continue
      // Each paragraph is a block: to lay out one long text again with each piece would cost more than Markdown does.
      const [text, ...more] = JSON.parse(event.slice(event.indexOf("data: ") + 6)).text.split("\\n\\n")
      if (!article) growing = block(article = add(""))
      growing.appendData(text)
      for (const begun of more) (growing = block(article)).appendData(begun)
      scrollTo(0, document.body.scrollHeight)
    }
  }
}
const id = location.hash.slice(1)
if (id) openRoom(id).then(() => follow(id))
</script>
</html>`
