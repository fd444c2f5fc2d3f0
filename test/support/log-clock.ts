import type { Entry } from '#libs/engine'
import { Replica, type ReplicaOptions } from './replica.js'

/** Log time of the first entry of {@link logged}, and between two; in ms. */
export const [FIRST_AT, STEP_MS] = [1_000_000, 10]

/** A replica whose log holds the entries, each STEP_MS after the one before, and has not processed any. By {@link logClock}. */
export async function logged(entries: readonly Entry[], folder: string, options: ReplicaOptions): Promise<Replica> {
  jest.setSystemTime(FIRST_AT)
  const replica = new Replica(folder, { ...options, idle: true })
  for (const entry of entries) {
    await replica.append(entry)
    jest.advanceTimersByTime(STEP_MS)
  }
  return replica
}

/** In the tests of this block the log's clock is the test's, and nothing else is: `jest.setSystemTime` and `advanceTimersByTime`. */
export function logClock(): void {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    })
  })
  afterEach(() => {
    jest.useRealTimers()
  })
}
