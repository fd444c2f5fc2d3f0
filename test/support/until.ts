import { setInterval } from 'node:timers/promises'

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/**
 * The first truthy value of `condition`. The one place where tests wait by the clock: everything else waits for an event.
 * @throws Error naming `what`, when `timeoutMs` have passed without one
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 10_000,
  pollMs = 5,
): Promise<Truthy<T>> {
  const first = await condition()
  if (first) return first as Truthy<T>
  const deadline = performance.now() + timeoutMs
  for await (const _ of setInterval(pollMs)) {
    const value = await condition()
    if (value) return value as Truthy<T>
    if (performance.now() > deadline) break
  }
  throw new Error(`waited ${timeoutMs} ms in vain until ${what}`)
}
