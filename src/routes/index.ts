import { authRoutes } from "./auth.routes.ts"
import { chatroomRoutes } from "./chatroom.routes.ts"
import { messageRoutes } from "./message.routes.ts"
import type { Row } from "./row.ts"
import { systemRoutes } from "./system.routes.ts"
import { userRoutes } from "./user.routes.ts"

/** Every endpoint of the server. */
export const rows: readonly Row[] = [
  ...systemRoutes,
  ...authRoutes,
  ...userRoutes,
  ...chatroomRoutes,
  ...messageRoutes,
]
