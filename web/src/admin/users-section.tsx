import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { wordsOf } from "../ui/errors.ts"
import { call, type UserOverview } from "./api.ts"
import { CostliestUsers } from "./costliest-users.tsx"
import { place } from "./place.ts"
import { UserView } from "./user-view.tsx"
import { w } from "./words/index.ts"

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i

/** Finds a user by id or number, or among those that cost most. */
export function UsersSection() {
  const written = useSignal("")
  const problem = useSignal<string | null>(null)
  const found = useSignal<UserOverview | null>(null)
  const { id } = place.value

  async function show(work: Promise<UserOverview>) {
    problem.value = null
    try {
      found.value = await work
    } catch (error) {
      found.value = null
      problem.value = wordsOf(error)
    }
  }
  useEffect(() => {
    if (id) void show(call("GET /admin/users/{id}", { params: { id } }))
  }, [id])

  function submit(event: SubmitEvent) {
    event.preventDefault()
    const text = written.value.trim()
    const answer = ID.test(text)
      ? call("GET /admin/users/{id}", { params: { id: text } })
      : call("POST /admin/users/search", { body: { mobileNumber: text } })
    void show(answer)
  }

  return (
    <section>
      <h1>{w.users.title}</h1>
      <form class="find" onSubmit={submit}>
        <label for="who">{w.users.find}</label>
        <input
          id="who"
          autocomplete="off"
          value={written}
          onInput={({ currentTarget }) => (written.value = currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={written.value.trim() === ""}>
          {w.users.button}
        </button>
      </form>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {found.value && <UserView user={found.value} onChange={(changed) => (found.value = changed)} />}
      <CostliestUsers />
    </section>
  )
}
