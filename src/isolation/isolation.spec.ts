import { join } from 'node:path'
import fc from 'fast-check'
import { errorResult, successResult } from '#libs/contract'
import { DEFAULT_STATE_LIMITS } from '#libs/processor'
import { afterTests } from '../../test/support/clean-up.js'
import { recordsFor } from '../../test/support/named-work.js'
import { packageFolder, workerProgram } from '../../test/support/package-folder.js'
import { announcedSeed } from '../../test/support/random.js'
import { CarriedWork } from './carried-work.js'
import { Isolation, type IsolatedOutcomes } from './isolation.js'
import type { NamedWork } from './packed.js'

const limits = { state: DEFAULT_STATE_LIMITS, results: 1_000, chars: 100_000 }

async function isolation(timeoutMs: number, workers = 2): Promise<Isolation> {
  const processors = [join(packageFolder, 'test/support/processors')]
  const isolated = new Isolation(
    workerProgram,
    { processors, limits, timeoutMs, memoryBytes: 64 * 1024 * 1024 },
    workers,
  )
  afterTests(() => isolated.stop())
  await isolated.descriptions()
  return isolated
}

/** What comes of all of each work: what is left for another run is run again. */
async function whole(isolated: Isolation, works: readonly NamedWork[]): Promise<IsolatedOutcomes[]> {
  const first = await Promise.all(isolated.run(works))
  return Promise.all(
    works.map(async (work, index) => {
      const carried = new CarriedWork(work)
      let { outcomes, killed } = first[index] ?? { outcomes: [], killed: false }
      carried.add(outcomes)
      while (carried.outcomes.length < work.inputs.length) {
        const [more] = await Promise.all(isolated.run([carried.with(work.inputs.slice(carried.outcomes.length))]))
        outcomes = more?.outcomes ?? []
        carried.add(outcomes)
        killed ||= more?.killed ?? false
      }
      return { outcomes: carried.outcomes, killed }
    }),
  )
}

describe('isolated processors', () => {
  it('keep their process through a batch that is slow within its time, however long it takes', async () => {
    const isolated = await isolation(1_000, 1)
    const slow = Array.from({ length: 12 }, () => ({ busyMs: 200, pid: true }))
    const first = await whole(isolated, [recordsFor('timing', 's', [{ pid: true }])])
    const [pid] = first[0]?.outcomes[0]?.lines ?? []
    expect(pid).toMatch(/"data":\d+/)
    const results = await whole(isolated, [recordsFor('timing', 's', slow)])
    expect(results[0]?.outcomes.map(({ lines }) => lines)).toEqual(slow.map(() => [pid]))
  })

  it('give what they have come to by a bounded time: the first input always, and of no stream more than there is time for', async () => {
    const slow = Array.from({ length: 3 }, () => ({ busyMs: 150 }))
    const isolated = await isolation(1_000, 1)
    const results = await Promise.all(isolated.run([recordsFor('timing', 'a', slow), recordsFor('timing', 'b', slow)]))
    expect(results.map(({ outcomes }) => outcomes.length)).toEqual([1, 0])
  })

  it('give their process to others after a while, though a record of theirs has ended one', async () => {
    const isolated = await isolation(1_000, 1)
    const slow = Array.from({ length: 40 }, () => ({ busyMs: 200 }))
    const [outcomes] = await Promise.all(isolated.run([recordsFor('timing', 's', [{ timer: 'hang' }, ...slow])]))
    expect(outcomes?.outcomes.length).toBeLessThan(15)
    const results = await whole(isolated, [recordsFor('timing', 't', [{ timer: 'hang' }, ...slow.slice(0, 10)])])
    expect(results[0]?.outcomes).toHaveLength(11)
  }, 60_000)

  it('lose only the timer that never returns, not the record that it was due with', async () => {
    const values = [{ timer: 'hang' }, { busyMs: 1 }, { timer: 'fine' }, {}]
    const [result] = await whole(await isolation(300), [recordsFor('timing', 's', values)])
    expect(result?.killed).toBe(true)
    expect(result?.outcomes.map(({ lines }) => lines)).toEqual([
      [successResult(0)],
      [errorResult('processor_timeout'), successResult(1)],
      [successResult(0)],
      [successResult('timer'), successResult(0)],
    ])
  })

  it('cannot speak for their process or its watchdog, nor silence it', async () => {
    const values = ['send', 'report', 'mute', 'a']
    const [result] = await whole(await isolation(300), [recordsFor('misbehaving', 's', values)])
    expect(result?.outcomes.map(({ lines }) => lines)).toEqual([
      [successResult('1 send')],
      [errorResult('processor_failed')],
      // Nobody can say any more that it was the time.
      [errorResult('processor_out_of_memory')],
      [successResult('2 a')],
    ])
  })

  it('give each stream what it would have alone, wherever records end their processes', async () => {
    const isolated = await isolation(1_000)
    const value = fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'throw') },
      { weight: 1, arbitrary: fc.constantFrom('exit', 'reject', 'split') },
    )
    const streams = fc.array(fc.array(value, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 5 })
    const codes = { exit: 'processor_failed', reject: 'processor_failed', throw: 'processor_failed' } as const
    await fc.assert(
      fc.asyncProperty(streams, async (all) => {
        const results = await whole(
          isolated,
          all.map((values, index) => recordsFor('misbehaving', `s${index}`, values)),
        )
        for (const [index, values] of all.entries()) {
          let count = 0
          const expected = values.map((each) => {
            if (each === 'split') return [errorResult('processor_out_of_memory')]
            if (each in codes) return [errorResult(codes[each as keyof typeof codes])]
            return [successResult(`${++count} ${each}`)]
          })
          expect(results[index]?.outcomes.map(({ lines }) => lines)).toEqual(expected)
          expect(results[index]?.killed).toBe(values.some((each) => ['exit', 'reject', 'split'].includes(each)))
        }
      }),
      { seed: announcedSeed('isolation.spec'), numRuns: 6 },
    )
  }, 120_000)
})
