import { signal } from "@preact/signals"
import { tellNotLoaded } from "../ui/later.tsx"
import type { EditForm } from "./edit-form.tsx"
import type { Thread } from "./open-thread.ts"

/** The form, once it has been loaded. */
export const editForm = signal<typeof EditForm | null>(null)

/** Opens the form to edit a prompt. The text stays until the form is there. */
export async function edit(thread: Thread, messageId: string | null): Promise<void> {
  const loaded = await import("./edit-form.tsx").catch(tellNotLoaded)
  if (!loaded) return
  editForm.value = loaded.EditForm
  thread.editing.value = messageId
}
