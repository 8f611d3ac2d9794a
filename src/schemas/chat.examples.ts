const chatroomId = "01a20380-35df-77b7-a96a-565deb07f9f4"

/** Examples for the documentation: a prompt, its queued reply and its finished reply. */
export const prompt = {
  id: "01a20381-0c1a-7e0b-8f39-0f6a1f0f3b11",
  chatroomId,
  parentId: null,
  role: "user",
  content: "Hello, how are you?",
  thoughts: "",
  attachments: [],
  citations: [],
  searchQueries: [],
  notices: [],
  siblings: { position: 1, count: 1, previousId: null, nextId: null },
  status: "completed",
  error: null,
  model: null,
  finishReason: null,
  usage: null,
  cost: null,
  feedback: null,
  estimatedWaitMs: null,
  createdAt: "2026-03-01T09:30:00.000Z",
  completedAt: "2026-03-01T09:30:00.000Z",
} as const

export const queued = {
  ...prompt,
  id: "01a20381-0c1b-7d41-9d6a-2b1c55d0c7a2",
  parentId: prompt.id,
  role: "model",
  content: "",
  status: "queued",
  model: "gemini-3.8-flash",
  estimatedWaitMs: 400,
  completedAt: null,
} as const

export const reply = {
  ...queued,
  content: "I am fine, thank you. What shall we talk about?",
  status: "completed",
  finishReason: "STOP",
  usage: {
    promptTokens: 6,
    cachedTokens: 0,
    outputTokens: 12,
    thoughtTokens: 0,
    toolTokens: 0,
    totalTokens: 18,
  },
  estimatedWaitMs: null,
  completedAt: "2026-03-01T09:30:02.000Z",
} as const
