const words = 'the wheel turns as long as water runs down the race and the stones grind what was poured in'

/** A record of about 120 bytes that says which one it is, in the first field, so that a reader finds it without parsing. */
export function recordText(n: number): string {
  return `{"n":${n},"text":"${words}"}`
}

const expectedText = words.toUpperCase()

/** What `uppercase` makes of `recordText(n)`. */
export function resultText(n: number): string {
  return `{"n":${n},"text":"${expectedText}"}`
}

/** Whether `data` is what `uppercase` makes of `recordText(n)`. */
export function isResultOf(n: number, data: unknown): boolean {
  const result = data as { n?: unknown; text?: unknown }
  return result.n === n && result.text === expectedText
}

/** What is wrong with `data` if it must be some record's result; `seen` collects the numbers, each of which may come once. */
export function checkOnce(data: unknown, seen: Set<number>): string | undefined {
  const n = (data as { n?: unknown }).n
  if (typeof n !== 'number' || !isResultOf(n, data)) return 'a result with wrong content'
  if (seen.has(n)) return `record ${n} came twice`
  seen.add(n)
  return undefined
}
