import type { DataTypes, Model, ModelStatic } from "sequelize"
import { expect, test } from "vitest"
import { useTestApp } from "../helpers/use-app.ts"

const app = useTestApp({ worker: false })

test("every model names its table's columns, all of them, by their types", async () => {
  const { User } = await app.ctx.models()
  const models: ModelStatic<Model>[] = Object.values(User.sequelize?.models ?? {})
  expect(models.length).toBeGreaterThan(0)
  for (const model of models) {
    const table = model.getTableName()
    expect({ table, columns: columnsOf(model) }).toEqual({ table, columns: await readColumns(`${table}`) })
  }
})

function columnsOf(model: ModelStatic<Model>): Record<string, string> {
  const attributes = Object.entries(model.getAttributes())
  return Object.fromEntries(
    attributes.map(([name, { field, type }]) => [
      field ?? name,
      (type as DataTypes.AbstractDataType).toSql().toLowerCase().replace("decimal", "numeric"),
    ]),
  )
}

async function readColumns(table: string): Promise<Record<string, string>> {
  const { rows } = await app.pool.query<{ name: string; type: string }>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_schema = current_schema() AND table_name = $1`,
    [table],
  )
  return Object.fromEntries(rows.map(({ name, type }) => [name, type]))
}
