import { t } from "../i18n/index.ts"
import type { Model } from "../state/models.ts"
import type { Level, Settings } from "./settings.ts"
import { levelInWords } from "./settings.ts"

/** An entry of the menu: it changes settings, or leads to choices. */
export interface Command {
  label: string
  /** What is set now. */
  value?: string
  hint?: string
  isChosen?: boolean
  change?: Settings
  choices?: Command[]
}

/** What can be set, given what is set and which models there are. */
export function commandsFor(settings: Settings, models: readonly Model[]): Command[] {
  const model = models.find(({ id }) => id === settings.model) ?? models.find((one) => one.default)
  return [
    ...(models.length > 1 ? [modelCommand(settings, models, model)] : []),
    ...(model && model.thinking.length > 0 ? [thinkingCommand(settings, model)] : []),
    ...(model?.tools.includes("webSearch") ? [toggle("webSearch", settings)] : []),
    ...(model?.tools.includes("urlContext") ? [toggle("urlContext", settings)] : []),
    { ...toggle("temporary", settings), hint: t.settings.temporaryHint },
    {
      label: t.settings.single,
      hint: t.settings.singleHint,
      ...inWords(settings.context === "single"),
      change: { context: settings.context === "single" ? "conversation" : "single" },
    },
  ]
}

function modelCommand(settings: Settings, models: readonly Model[], model: Model | undefined): Command {
  const choices = models.map(({ id, name }) => ({
    label: name,
    isChosen: id === model?.id,
    change: { model: id },
  }))
  return { label: t.settings.model, value: model?.name ?? settings.model ?? "", choices }
}

function thinkingCommand({ thinking }: Settings, model: Model): Command {
  const level = (chosen: Level | null) => ({
    label: chosen === null ? t.settings.byModel : levelInWords(chosen),
    isChosen: chosen === (thinking ?? null),
    change: { thinking: chosen },
  })
  const value = thinking ? levelInWords(thinking) : t.settings.byModel
  return { label: t.settings.thinking, value, choices: [level(null), ...model.thinking.map(level)] }
}

function toggle(name: "webSearch" | "urlContext" | "temporary", settings: Settings): Command {
  const isOn = settings[name] === true
  return { label: t.settings[name], ...inWords(isOn), change: { [name]: !isOn } }
}

const inWords = (isOn: boolean) => ({ value: isOn ? t.settings.on : t.settings.off, isChosen: isOn })

/** Those whose label, or a word of it, begins with what was written. */
export function matching(commands: readonly Command[], query: string): Command[] {
  const wanted = query.trim().toLocaleLowerCase()
  return commands.filter(({ label }) => {
    const words = label.toLocaleLowerCase()
    return words.startsWith(wanted) || words.split(" ").some((word) => word.startsWith(wanted))
  })
}
