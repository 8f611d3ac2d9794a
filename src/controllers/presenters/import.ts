import type { ImportReport } from "../../services/transfer/import-record.ts"

/** Presents an import to its owner. */
export function presentImport(found: ImportReport) {
  const { id, status, format, bytes, done, total, chatrooms, problems, createdAt, completedAt } = found
  return {
    id,
    // Its id is known once it has come whole.
    status: status === "receiving" ? "queued" : status,
    format,
    bytes,
    done,
    total,
    chatrooms,
    problems: problems.map(({ code, message, where }) => ({ code, message, where })),
    createdAt: createdAt.toISOString(),
    completedAt: completedAt?.toISOString() ?? null,
  }
}
