import { type OpenApi, operationsOf } from "../../src/routes/openapi/types.ts"

/** What a reader would miss in the document, one line each. */
export function findGaps(document: OpenApi): string[] {
  const operations = operationsOf(document)
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
