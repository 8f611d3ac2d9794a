// Starts Swagger UI: https://github.com/swagger-api/swagger-ui/tree/master/docs

const EXAMPLE_NUMBER = "1234567890"

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
  plugins: [authorizeForTab, jsonBeforeStreams],
  responseInterceptor: takeFreshNumber,
})

/** Keeps the tokens under "Authorize" for this tab. Swagger UI itself keeps them until they are removed, or not at all. */
function authorizeForTab() {
  return {
    statePlugins: {
      auth: {
        wrapActions: {
          persistAuthorizationIfNeeded:
            (_original, { authSelectors }) =>
            () =>
              sessionStorage.setItem("authorized", JSON.stringify(authSelectors.authorized())),
        },
      },
      configs: {
        wrapActions: {
          loaded:
            (original, { authActions }) =>
            (payload) => {
              original(payload)
              const kept = sessionStorage.getItem("authorized")
              if (kept) authActions.restoreAuthorization({ authorized: JSON.parse(kept) })
            },
        },
      },
    },
  }
}

/** Swagger UI accepts what the first success is made of, and shows a stream only once it has ended. */
function jsonBeforeStreams() {
  const isStream = (response) => response.hasIn(["content", "text/event-stream"])
  return {
    wrapComponents: {
      responses: (Responses, { React }) =>
        function JsonFirst(props) {
          return React.createElement(Responses, { ...props, responses: props.responses.sortBy(isStream) })
        },
    },
  }
}

/** Puts a number of this tab's own into the document's examples: the one that stands there may have been used. */
function takeFreshNumber(response) {
  if (!response.url.endsWith("/openapi.json")) return response
  const number =
    sessionStorage.getItem("number") ?? `202555${String(Math.floor(Date.now() / 1000)).slice(-4)}`
  sessionStorage.setItem("number", number)
  return { ...response, text: response.text.replaceAll(EXAMPLE_NUMBER, number) }
}
