/** What the model says in the pictures. */

export const WITH_CODE = `A **token bucket** fits: it lets short bursts through and holds the average.

| algorithm | bursts | memory for each client |
| --- | --- | ---: |
| fixed window | twice the limit at its edge | 1 number |
| sliding log | none | every request |
| token bucket | as large as the bucket | 2 numbers |

Each client has a bucket that fills up again while nobody takes from it:

\`\`\`ts
export function createBucket(capacity: number, perSecond: number) {
  let tokens = capacity
  let filledAt = performance.now()
  return function take(): boolean {
    const now = performance.now()
    tokens = Math.min(capacity, tokens + ((now - filledAt) / 1000) * perSecond)
    filledAt = now
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}
\`\`\`

Answer with **429** and \`Retry-After\` where \`take()\` is false. With several servers, keep the two numbers in Redis and change them in a script, so that no two requests read the same bucket.`

export const LASAGNE = `**Vegetable lasagne** keeps warm for an hour, so nobody has to be on time.

1. Roast aubergines, peppers and tomatoes for half an hour.
2. Make a thin béchamel with nutmeg.
3. Layer them, end with cheese, and bake for forty minutes at 180 °C.

Put a green salad and bread on the table meanwhile. What is left tastes better the day after.`

export const STORY = `The heron stood where the river bends, as it did every morning, and let the mist go by. A boy on the bridge counted the seconds between two steps: eleven, then thirty, then he lost count. When the sun reached the reeds, the bird bent its neck, as slowly as a clock's hand, and `

export const LISBON = `Three days are enough for the old town and one day by the sea:

- **Day one**: Alfama on foot, the castle before ten, fado in the evening.
- **Day two**: Belém by tram, the tower, and the cakes that are named after it.
- **Day three**: the train to Cascais, along the water all the way.`
