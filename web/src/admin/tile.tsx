/** One value with its name, coloured where it is good or bad. */
export function Tile({ label, value, isGood }: { label: string; value: string; isGood?: boolean }) {
  const kind = isGood === undefined ? "" : isGood ? "good" : "bad"
  return (
    <div class={`tile ${kind}`}>
      <span>{label}</span>
      <strong>{value}</strong>
    </div>
  )
}
