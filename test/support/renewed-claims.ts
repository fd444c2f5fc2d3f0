import { ApiError } from '#libs/contract'
import type { Claim, StoredEntry } from '#libs/engine'
import type { View } from '../../src/view/view.js'
import type { Random } from './random.js'

/**
 * A partition that is taken anew again and again by the same process, wherever its owner is, as on Kafka: each claim reads on from what is
 * committed, and nothing of the one before it counts any more.
 * @param isTwin entries that are dropped before anyone sees them, so that offsets have gaps
 */
export function renewing(random: Random, times: number, isTwin: (offset: number) => boolean) {
  return async function* (claim: Claim, view: View): AsyncGenerator<Claim> {
    const reader = claim.read()[Symbol.asyncIterator]()
    const seen: StoredEntry[] = []
    let coming: Promise<boolean> | undefined
    const more = (): Promise<boolean> =>
      (coming ??= reader.next().then(({ done, value }) => {
        coming = undefined
        if (done !== true) seen.push(...value.filter(({ offset }) => !isTwin(offset)))
        return done !== true
      }))
    let n = 0
    for (let renewals = 0, isOver = false; !isOver; renewals++) {
      let isEnded = false
      let written: Promise<unknown> = Promise.resolve()
      let left = renewals < times ? random.int(0, 6) : Infinity
      const from = view.to(claim.partition)
      yield {
        ...claim,
        from,
        async *read() {
          for (let next = seen.filter(({ offset }) => offset < from).length; left-- > 0;) {
            while (next >= seen.length) {
              const came = await (left === Infinity ? more() : Promise.race([more(), turns(random.int(1, 40))]))
              if (came === undefined) return
              if (!came) {
                isOver = true
                return
              }
            }
            const batch = seen.slice(next, next + random.int(1, 6))
            next += batch.length
            yield batch
          }
        },
        commit(commit, again) {
          if (isEnded) return Promise.reject(new ApiError('log_unavailable'))
          const made = claim.commit({ ...commit, n: ++n }, again)
          written = Promise.allSettled([written, made])
          return made
        },
      }
      isEnded = true
      await written
    }
  }
}

async function turns(count: number): Promise<undefined> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}
