import { useId } from "preact/hooks"
import "./chart.css"

export interface Series {
  /** Needed where there are several. */
  name?: string
  values: number[]
  kind?: "bad" | "pale"
}

interface Props {
  title: string
  times: string[]
  /** Bars over one another, the first one behind. */
  series: Series[]
  format(value: number): string
  /** Whether the values of all times make a sum; otherwise the last ones are told. */
  isSummed?: boolean
  words: ChartWords
}

/** What a chart says beside its values. */
export interface ChartWords {
  highest(value: string): string
  described(total: string, highest: string, at: string): string
  /** Where there is nothing that could be measured. */
  nothing: string
}

const HEIGHT = 64
const STEP = 10
const GAP = 2

/** A small chart of bars. What it says in a sentence is read out, each bar tells its value, and a table has the numbers. */
export function Chart({ title, times, series, format, isSummed = true, words }: Props) {
  const id = useId()
  const highest = Math.max(0, ...series.flatMap(({ values }) => values))
  const scale = highest > 0 ? HEIGHT / highest : 0
  return (
    <figure class="chart">
      <figcaption>
        <span>{title}</span>
        <strong>{headline({ series, format, isSummed })}</strong>
      </figcaption>
      <svg
        role="img"
        aria-labelledby={`${id}-title ${id}-desc`}
        viewBox={`0 0 ${times.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        <title id={`${id}-title`}>{title}</title>
        <desc id={`${id}-desc`}>{describe({ times, series, format, isSummed, highest, words })}</desc>
        {times.map((time, n) => (
          <g key={time}>
            {series.map(({ name, values, kind = "" }) => (
              <rect
                key={name}
                class={`bar ${kind}`}
                x={n * STEP + GAP / 2}
                width={STEP - GAP}
                y={HEIGHT - (values[n] as number) * scale}
                height={(values[n] as number) * scale}
              />
            ))}
            <rect class="hover" x={n * STEP} width={STEP} y={0} height={HEIGHT}>
              <title>{`${time}: ${series.map(({ name, values }) => [format(values[n] as number), name].filter(Boolean).join(" ")).join(", ")}`}</title>
            </rect>
          </g>
        ))}
      </svg>
      <p class="axis soft" aria-hidden="true">
        <span>{times[0]}</span>
        <span>{highest > 0 && words.highest(format(highest))}</span>
        <span>{times.at(-1)}</span>
      </p>
      {series.length > 1 && (
        <ul class="legend soft" aria-hidden="true">
          {series.toReversed().map(({ name, kind = "" }) => (
            <li key={name}>
              <span class={`swatch ${kind}`} /> {name}
            </li>
          ))}
        </ul>
      )}
    </figure>
  )
}

type Told = Pick<Props, "series" | "format"> & { isSummed: boolean }

function headline({ series, format, isSummed }: Told): string {
  const values = series.at(-1)?.values ?? []
  if (isSummed) return format(values.reduce((sum, value) => sum + value, 0))
  const newest = values.findLast((value) => value > 0)
  return newest === undefined ? "—" : format(newest)
}

function describe({
  times,
  highest,
  words,
  ...told
}: Told & Pick<Props, "times" | "words"> & { highest: number }): string {
  if (highest === 0) return told.isSummed ? told.format(0) : words.nothing
  const { values } = told.series[0] as Series
  const at = times[values.indexOf(highest)] ?? ""
  return words.described(headline(told), told.format(highest), at)
}
