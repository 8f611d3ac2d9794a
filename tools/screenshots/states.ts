import type { Page } from "playwright-core"
import { signedInState } from "../lib/chromium.ts"
import { until } from "../lib/until.ts"
import type { Booth, Person } from "./booth.ts"
import { LASAGNE, LISBON, STORY, WITH_CODE } from "./texts.ts"

export interface State {
  name: string
  /** Where it is seen; on all, unless given. */
  windows?: readonly string[]
  /** Brings the service into the state; called once. */
  set(booth: Booth): Promise<Scene>
}

export interface Scene {
  path: string
  storageState?: ReturnType<typeof signedInState>
  /** Brings the page into the state; called for each window. */
  pose(page: Page): Promise<unknown>
}

const echo = (text: string) => `chunks=20 echo=${JSON.stringify(text)}`
/** A reply that stands still after so much of it. */
const half = (text: string) => `stall after=12 chunks=13 echo=${JSON.stringify(text)}`
const toBeginning = `{
  const area = document.querySelector(".scroll")
  const isThere = area.scrollTop === 0
  area.scrollTop = 0
  isThere
}`
/** A number gets a code once a minute. */
let numbers = 40
const reads = (page: Page, text: string | RegExp) => page.getByText(text).first().waitFor()

export const STATES: readonly State[] = [
  guest("sign-in", (page) => page.getByLabel("Mobile number").waitFor()),
  guest("code", async (page) => {
    await page.getByLabel("Mobile number").fill(`+1 202 555 01${numbers++}`)
    await page.getByRole("button", { name: "Send code" }).click()
    await page.getByRole("button", { name: "Fill in" }).waitFor()
  }),
  member("empty", (page) => reads(page, /^What would you like to know/)),
  thread(
    "thread",
    "Rate limits",
    async (ada, room) => {
      await ada.ask(
        room,
        "Which algorithm would you take to limit requests, and how is it written?",
        echo(WITH_CODE),
      )
    },
    async (page) => {
      await page.locator(".hljs-keyword").first().waitFor()
      // It stays at its end until it was moved away from there.
      await until("the beginning is in sight", () => page.evaluate(toBeginning), { everyMs: 100 })
    },
  ),
  thread(
    "waiting",
    "Plans for Friday",
    async (ada, room) => {
      await ada.ask(room, "What should I cook for six friends, two of whom don't eat meat?", echo(LASAGNE))
      await ada.send(room, "And a dessert that can be made the day before?", "stall-headers")
    },
    (page) => reads(page, "And a dessert"),
  ),
  thread(
    "streaming",
    "A story",
    async (ada, room) => {
      await ada.send(room, "Tell me a short story about a heron.", half(STORY))
    },
    (page) => page.locator(".growing .prose").waitFor(),
  ),
  thread(
    "failed",
    "Three days in Lisbon",
    async (ada, room) => {
      await ada.ask(room, "What should I see in Lisbon in three days?", echo(LISBON))
      await ada.ask(room, "And in Porto?", "unauthenticated")
    },
    (page) => page.locator(".outcome").last().waitFor(),
  ),
  thread(
    "blocked",
    "A question",
    async (ada, room) => {
      await ada.ask(room, "A question that the model won't answer", "blocked")
    },
    (page) => page.locator(".outcome").waitFor(),
  ),
  thread(
    "offline",
    "What to cook",
    async (ada, room) => {
      await ada.ask(room, "What can be made of aubergines, peppers and pasta?", echo(LASAGNE))
    },
    async (page) => {
      await reads(page, "What is left tastes better")
      await page.context().setOffline(true)
      await page.getByLabel("Message", { exact: true }).fill("And for twelve?")
      await reads(page, /offline/)
    },
  ),
  {
    name: "over-quota",
    async set(booth) {
      const bea = await booth.newPerson("Bea")
      const room = await bea.room("What to read")
      for (let n = 1; n <= 5; n += 1)
        await bea.ask(room, `A book for the ${n}. day of the trip?`, echo(BOOKS[n - 1] as string))
      return sceneOf(booth, bea, `/app/chat/${room}`, async (page) => {
        await page.locator(".used-up").waitFor()
        await page.locator("article.reply").last().waitFor()
      })
    },
  },
  {
    ...member("rooms", async (page) => {
      await page.getByLabel("Show conversations").click()
      await page.locator("#rooms.shown .room").first().waitFor()
    }),
    // On a desk the list is in every picture.
    windows: ["phone"],
  },
  member("search", async (page) => {
    await page.getByLabel("Message", { exact: true }).waitFor()
    await page.keyboard.press("Control+k")
    await page.locator("dialog[open] input").fill("aubergines")
    await page.locator(".found mark").first().waitFor()
  }),
  member(
    "account",
    async (page) => {
      await page.locator("meter, .plan-name").first().waitFor()
      await page.locator(".chart").first().waitFor()
    },
    "/app/account",
  ),
  {
    name: "admin",
    async set(booth) {
      await ada(booth)
      return {
        path: "/admin/sign-in",
        async pose(page) {
          await page.getByLabel("Admin token").fill(booth.adminToken)
          await page.getByRole("button", { name: "Sign in" }).click()
          await page.locator(".chart").first().waitFor()
        },
      }
    },
  },
  thread(
    "share",
    "To be shared",
    async (ada, room) => {
      await ada.ask(room, "What is worth a detour near Lisbon?", echo(LISBON))
      await ada.http.post(`/chatroom/${room}/share`, {})
    },
    async (page) => {
      await page
        .locator(".top-bar")
        .getByLabel(/^Options of/)
        .click()
      await page.locator(".top-bar").getByRole("menuitem", { name: "Share" }).click()
      await page.getByLabel("Link", { exact: true }).waitFor()
    },
  ),
]

const BOOKS = [
  "*The Old Man and the Sea*: short enough for one day, and it is about patience.",
  "*Invisible Cities*: a chapter for each stop of the train.",
  "*The Summer Book*: an island, a grandmother, no plot, and nothing is missing.",
  "*Stoner*: not a cheerful one, but you won't put it down.",
  "*The Hitchhiker's Guide to the Galaxy*: for the way home.",
]

/** The person of most pictures, who is there once for all of them. */
const people = new WeakMap<Booth, Promise<Person>>()
function ada(booth: Booth): Promise<Person> {
  const known = people.get(booth) ?? furnish(booth)
  people.set(booth, known)
  return known
}

/** Signs her up with some conversations behind her. */
async function furnish(booth: Booth): Promise<Person> {
  const person = await booth.newPerson("Ada", "pro")
  const rooms = [
    "Names for a boat",
    "Bread without kneading",
    "A letter to the landlord",
    "Herons and cormorants",
  ]
  for (const name of rooms) {
    const room = await person.room(name)
    await person.ask(
      room,
      `About this: ${name}`,
      echo(name === rooms[1] ? "Flour, water, salt, a night, and aubergines beside it." : LISBON),
    )
  }
  return person
}

function guest(name: string, pose: Scene["pose"]): State {
  return { name, set: async () => ({ path: "/app", pose }) }
}

function member(name: string, pose: Scene["pose"], path = "/app"): State {
  return { name, set: async (booth) => sceneOf(booth, await ada(booth), path, pose) }
}

function thread(
  name: string,
  room: string,
  fill: (person: Person, room: string) => Promise<void>,
  pose: Scene["pose"],
): State {
  return {
    name,
    async set(booth) {
      const person = await ada(booth)
      const id = await person.room(room)
      await fill(person, id)
      return sceneOf(booth, person, `/app/chat/${id}`, pose)
    },
  }
}

const sceneOf = ({ url }: Booth, person: Person, path: string, pose: Scene["pose"]): Scene => {
  return { path, pose, storageState: signedInState(url, person) }
}
