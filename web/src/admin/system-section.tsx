import { t } from "../i18n/index.ts"
import { DataTable } from "../ui/data-table.tsx"
import { call, type SystemState } from "./api.ts"
import { Facts } from "./facts.tsx"
import { formatMs, formatUtc } from "./format.ts"
import { Tile } from "./tile.tsx"
import { useLoaded } from "./use-loaded.ts"
import { w } from "./words/index.ts"

export function SystemSection() {
  const { value, problem } = useLoaded(() => call("GET /admin/system"))
  return (
    <section>
      <h1>{w.system.title}</h1>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {value.value ? <State {...value.value} /> : <p class="soft">{problem.value ? "" : t.common.loading}</p>}
    </section>
  )
}

function State({ health, queues, workers, version, node, uptimeSeconds, migration, config }: SystemState) {
  const words = w.system
  return (
    <>
      <div class="tiles">
        <Tile label={words.status} value={health.status} isGood={health.status === "ready"} />
        <Tile label={words.database} value={health.database} isGood={health.database === "up"} />
        <Tile label={words.queue} value={health.queue} isGood={health.queue === "up"} />
        <Tile label={words.workers} value={String(health.workers)} isGood={health.workers > 0} />
        <Tile label={words.disk} value={health.disk} isGood={health.disk !== "low"} />
        <Tile label={words.version} value={version} />
        <Tile label="Node" value={node} />
        <Tile label={words.uptime} value={uptime(uptimeSeconds)} />
      </div>
      {health.problems.map((each) => (
        <p key={each} class="failure">
          {each}
        </p>
      ))}
      <h2>{words.jobs}</h2>
      <DataTable
        label={words.jobs}
        none={w.none}
        keyOf={([name]) => name}
        rows={Object.entries(queues)}
        columns={[
          { name: words.queue, show: ([name]) => name },
          {
            name: words.waiting,
            isNumber: true,
            show: ([, counts]) => (counts ? (counts.waiting ?? 0) + (counts.prioritized ?? 0) : w.unknown),
          },
          { name: words.active, isNumber: true, show: ([, counts]) => counts?.active ?? w.unknown },
          { name: words.delayed, isNumber: true, show: ([, counts]) => counts?.delayed ?? w.unknown },
        ]}
      />
      <h2>{words.workers}</h2>
      <DataTable
        label={words.workers}
        none={w.none}
        keyOf={({ id }) => id}
        rows={workers}
        columns={[
          { name: words.worker, show: ({ id }) => <span class="id">{id}</span> },
          { name: words.heartbeat, show: ({ seenAt }) => formatUtc(seenAt) },
          { name: words.concurrency, isNumber: true, show: ({ concurrency }) => concurrency },
          {
            name: words.meanTime,
            isNumber: true,
            show: ({ meanMs }) => (meanMs === null ? "—" : formatMs(Math.round(meanMs))),
          },
        ]}
      />
      <h2>{words.configuration}</h2>
      <Facts
        of={[
          [words.migration, migration],
          ...Object.entries(config).map(([name, value]): [string, string | null] => [name, toText(value)]),
        ]}
      />
    </>
  )
}

function toText(value: SystemState["config"][string]): string | null {
  if (Array.isArray(value)) return value.join(", ") || null
  return value === null || value === "" ? null : String(value)
}

function uptime(seconds: number): string {
  const hours = Math.floor(seconds / 3_600)
  if (hours >= 24) return w.system.days(Math.floor(hours / 24), hours % 24)
  return w.system.hours(hours, Math.floor((seconds % 3_600) / 60))
}
