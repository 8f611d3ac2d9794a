import type { OpenApi } from "../../src/routes/openapi/types.ts"

/** What a reader would miss in the document, one line each. */
export function findGaps({ paths }: OpenApi): string[] {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
  const ids = operations.map(({ operation }) => operation.operationId)
  return operations.flatMap(({ name, operation }) => [
    ...(operation.summary?.trim() ? [] : [`${name}: no summary`]),
    ...(operation.description?.trim() ? [] : [`${name}: no description`]),
    ...(operation.operationId ? [] : [`${name}: its controller has no name`]),
    ...(ids.filter((id) => id === operation.operationId).length === 1
      ? []
      : [`${name}: another endpoint has the controller ${operation.operationId}, too`]),
  ])
}
