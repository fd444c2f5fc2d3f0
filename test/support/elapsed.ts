import { setInterval } from 'node:timers/promises'

/** For what is meant to last: a fault that is held, the pace of a client. Never instead of an event that can be waited for. */
export async function elapsed(ms: number): Promise<void> {
  for await (const _ of setInterval(ms)) return
}
