/**
 * Preloaded into every measured process: answers `usage` over the channel to the benchmark, and ends the process
 * when that channel closes, so that nothing outlives the benchmark however it ends.
 */
process.on("message", (message) => {
  if (message !== "usage") return
  globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const peakRssBytes = process.resourceUsage().maxRSS * 1024
  const rssBytes = process.memoryUsage.rss()
  process.send?.({ usage: { cpuMs: (user + system) / 1000, rssBytes, peakRssBytes } })
})
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
process.channel?.unref()
