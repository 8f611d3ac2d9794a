import { useSignal } from "@preact/signals"
import { t } from "../i18n/index.ts"
import { IconButton } from "../ui/icon-button.tsx"
import { Icon } from "../ui/icons.tsx"
import { sizeOf } from "./size.ts"
import type { Upload, Uploads } from "./uploads.ts"

/** The files that will be sent with the message: a preview, how far they are, and what went wrong. */
export function UploadList({ files }: { files: Uploads }) {
  if (files.uploads.value.length === 0 && files.problem.value === null) return null
  return (
    <div class="uploads">
      <ul>
        {files.uploads.value.map((upload) => (
          <Item key={upload.key} files={files} upload={upload} />
        ))}
      </ul>
      {files.problem.value && (
        <p class="problem" role="alert">
          {files.problem.value}
        </p>
      )}
    </div>
  )
}

function Item({ files, upload }: { files: Uploads; upload: Upload }) {
  const { file, preview, progress, attachment, problem, canRetry } = upload
  /** What is called an image needn't be one. */
  const isBroken = useSignal(false)
  const isGoing = attachment.value === null && problem.value === null
  return (
    <li class={problem.value ? "failed" : ""}>
      {preview && !problem.value && !isBroken.value ? (
        <img src={preview} alt="" onError={() => (isBroken.value = true)} />
      ) : (
        <Icon name="attach" />
      )}
      <span class="file-name" dir="auto">
        <span>{file.name}</span>
        <small class="soft">{problem.value ?? sizeOf(file.size)}</small>
      </span>
      {isGoing && <progress value={progress.value} max={1} aria-label={t.composer.uploading(file.name)} />}
      {problem.value && canRetry.value && (
        <IconButton icon="again" label={t.common.retry} onClick={() => void files.start(upload)} />
      )}
      <IconButton
        icon="close"
        label={t.composer.removeFile(file.name)}
        onClick={() => files.remove(upload)}
      />
    </li>
  )
}
