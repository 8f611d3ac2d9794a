import { adminRoutes } from "./admin.routes.ts"
import { adminSessionRoutes } from "./admin-session.routes.ts"
import { attachmentRoutes } from "./attachment.routes.ts"
import { authRoutes } from "./auth.routes.ts"
import { billingRoutes } from "./billing.routes.ts"
import { chatroomRoutes } from "./chatroom.routes.ts"
import { docsRoutes } from "./docs.routes.ts"
import { embedRoutes } from "./embed.routes.ts"
import type { Endpoint } from "./endpoint.ts"
import { messageRoutes } from "./message.routes.ts"
import { modelRoutes } from "./models.routes.ts"
import { searchRoutes } from "./search.routes.ts"
import { sharingRoutes } from "./sharing.routes.ts"
import { systemRoutes } from "./system.routes.ts"
import { transferRoutes } from "./transfer.routes.ts"
import { userRoutes } from "./user.routes.ts"
import { webClientRoutes } from "./web-client.routes.ts"

/** Every endpoint of the server. Express looks through them in this order, so what is asked for most comes first. */
export const rows: readonly Endpoint[] = [
  ...chatroomRoutes,
  ...messageRoutes,
  ...searchRoutes,
  ...sharingRoutes,
  ...attachmentRoutes,
  ...transferRoutes,
  ...systemRoutes,
  ...authRoutes,
  ...userRoutes,
  ...modelRoutes,
  ...billingRoutes,
  ...adminRoutes,
  ...adminSessionRoutes,
  ...webClientRoutes,
  ...embedRoutes,
  ...docsRoutes(() => rows),
]
