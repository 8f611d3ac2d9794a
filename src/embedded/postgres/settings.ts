/** Suitable for one application on a laptop. */
const DEFAULTS: Record<string, string> = {
  shared_buffers: "64MB",
  max_connections: "100",
  max_wal_size: "512MB",
  wal_level: "minimal", // nothing replicates from here
  max_wal_senders: "0",
  io_method: "sync", // saves three processes
  jit: "off",
  timezone: "UTC",
  log_timezone: "UTC",
  log_min_messages: "log", // lower levels include failed statements with users' data
  log_checkpoints: "off",
}

/** Returns settings that can't be overridden: 127.0.0.1 only, no Unix socket, and the log where we read it. */
function fixed(port: number): Record<string, string> {
  return {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    logging_collector: "off",
  }
}

/** Returns the settings as arguments of `postgres`, so that our releases also change them for existing clusters. */
export function settingArguments(port: number, settings: Record<string, string>): string[] {
  const all = { ...DEFAULTS, ...settings, ...fixed(port) }
  return Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`])
}
