import { type Signal, useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"

/** Takes files that are dropped anywhere on the page. @returns whether some are held over it */
export function useDrop(add: (files: FileList) => void): Signal<boolean> {
  const isOver = useSignal(false)
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files") || isBehindDialog()) return
      event.preventDefault()
      isOver.value = true
    }
    const onLeave = ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) isOver.value = false
    }
    const onDrop = (event: DragEvent) => {
      isOver.value = false
      if (!event.dataTransfer?.files.length || isBehindDialog()) return
      event.preventDefault()
      add(event.dataTransfer.files)
    }
    addEventListener("dragover", onOver)
    addEventListener("dragleave", onLeave)
    addEventListener("drop", onDrop)
    return () => {
      removeEventListener("dragover", onOver)
      removeEventListener("dragleave", onLeave)
      removeEventListener("drop", onDrop)
    }
  }, [add, isOver])
  return isOver
}

/** A dialog takes files of its own. */
const isBehindDialog = () => document.querySelector("dialog[open]") !== null
