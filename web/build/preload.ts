import type { HtmlTagDescriptor, Plugin } from "vite"

/** Names what shows messages in the page: it is run after the rest of it, but loaded beside it. */
export function preloadMessages(): Plugin {
  return {
    name: "preload-messages",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(html, { bundle, filename }) {
        if (!bundle || !filename.endsWith("/index.html")) return []
        const messages = Object.values(bundle).find(
          (one) => one.type === "chunk" && one.facadeModuleId?.endsWith("/thread/messages.tsx"),
        )
        if (messages?.type !== "chunk") throw new Error("No part of the page shows messages.")
        return [messages.fileName, ...messages.imports].filter((name) => !html.includes(name)).map(toTag)
      },
    },
  }
}

const toTag = (name: string): HtmlTagDescriptor => ({
  tag: "link",
  attrs: { rel: "modulepreload", crossorigin: true, href: `/app/${name}` },
  injectTo: "head",
})
