import fc from 'fast-check'
import { FedView, type Life } from '../../test/support/fed-view.js'
import { announcedSeed } from '../../test/support/random.js'
import type { Results } from './results.js'
import { lastOf } from './rows.js'
import { View } from './view.js'

type Step =
  | { readonly does: 'commit'; readonly life: number; readonly runs: readonly (readonly number[])[] }
  | { readonly does: 'write' | 'settle' }
  | { readonly does: 'trim'; readonly life: number; readonly part: number }
  | { readonly does: 'read'; readonly life: number; readonly part: number; readonly maxChars: number }

const life = fc.nat(1)
const part = fc.double({ min: 0, max: 1, noNaN: true })
const size = fc.oneof({ weight: 9, arbitrary: fc.nat(30) }, { weight: 1, arbitrary: fc.constant(70_000) })
const runs = fc.array(fc.array(size, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 })
const maxChars = fc.constantFrom(1, 50, 300, 100_000)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ does: fc.constant('commit' as const), life, runs }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('write' as const, 'settle' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('trim' as const), life, part }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant('read' as const), life, part, maxChars }) },
)

/** All there is behind `after`, page by page, each checked against what a page promises. */
function readAll(results: Results, incarnation: string, after: number, maxChars: number): string[] {
  const lines: string[] = []
  let next = Math.max(after + 1, results.oldest(incarnation) ?? after + 1)
  for (;;) {
    const page = results.page(incarnation, next - 1, maxChars)
    if (page.length === 0) return lines
    const chars = page.map((run) => run.lines.join('').length)
    expect(chars.slice(0, -1).reduce((sum, one) => sum + one, 0)).toBeLessThan(maxChars)
    for (const run of page) {
      expect(run.first).toBe(next)
      next = lastOf(run) + 1
      lines.push(...run.lines)
    }
  }
}

class Check {
  private readonly lives: Life[] = []
  private readonly written: number[] = [0, 0]
  private readonly trimmed: number[] = [0, 0]

  constructor(private readonly fed: FedView) {
    this.lives = [fed.start('a'), fed.start('b')]
  }

  async take(step: Step): Promise<void> {
    switch (step.does) {
      case 'commit':
        this.fed.add(
          this.life(step.life),
          step.runs.map((sizes) => sizes.map((chars, index) => `${index}${'x'.repeat(chars)}`)),
        )
        break
      case 'write':
        await this.fed.write()
        this.lives.forEach(({ lines }, index) => (this.written[index] = lines.length))
        break
      case 'settle':
        this.fed.settle()
        break
      case 'trim':
        await this.trim(step.life, step.part)
        break
      case 'read':
        this.read(step.life, Math.floor(this.life(step.life).lines.length * step.part), step.maxChars)
    }
  }

  /** What was written is there for a view that knows nothing else. */
  afterRestart(): void {
    const { results } = new View(this.fed.view.store, 1)
    this.lives.forEach(({ header, lines }, index) => {
      const stored = lines.slice(this.trimmed[index] ?? 0, this.written[index])
      expect(readAll(results, header.incarnation, 0, 1_000)).toEqual(stored)
    })
  }

  private read(index: number, after: number, maxChars: number): void {
    const { header, lines } = this.life(index)
    const from = Math.max(after, this.trimmed[index] ?? 0)
    expect(readAll(this.fed.view.results, header.incarnation, after, maxChars)).toEqual(lines.slice(from))
  }

  /** Rows go whole, oldest first: never one that holds a result behind the limit. */
  private async trim(index: number, part: number): Promise<void> {
    const life = this.life(index)
    const upTo = Math.floor(life.lines.length * part)
    await this.fed.trim(life, upTo)
    const before = this.trimmed[index] ?? 0
    const now = this.fed.trimmedTo(life)
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Math.max(before, upTo))
    this.trimmed[index] = now
  }

  private life(index: number): Life {
    const life = this.lives[index]
    if (life === undefined) throw new Error('two lives')
    return life
  }
}

describe('results', () => {
  it('are read in order, without a hole or a repeat, from memory and disk alike, in any order of commits, writes and trims', async () => {
    const seed = announcedSeed('results.spec')
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const check = new Check(await FedView.open())
        for (const one of steps) await check.take(one)
        for (const index of [0, 1]) await check.take({ does: 'read', life: index, part: 0, maxChars: 100 })
        check.afterRestart()
      }),
      { seed, numRuns: 30 },
    )
  }, 60_000)

  it('go by age, oldest first, at most so many rows at once', async () => {
    const fed = await FedView.open()
    const stream = fed.start('a')
    const { incarnation } = stream.header
    for (const lines of [['1', '2'], ['3'], ['4', '5']]) {
      fed.add(stream, [lines])
      await fed.write()
    }
    fed.settle()
    const { results } = fed.view
    const at = [2, 3, 5].map((seq) => results.timeOf(incarnation, seq) ?? 0)
    expect(at).toEqual([...new Set(at)].sort((a, b) => a - b))
    const trimmed = async (before: number | undefined, limit: number): Promise<number> => {
      let removed = 0
      await fed.view.store.transact('fed', 1, () => {
        removed = results.trim(incarnation, 5, before ?? 0, limit)
      })
      return removed
    }
    // Nothing is older than the first row.
    expect(await trimmed(at[0], 10)).toBe(0)
    expect(await trimmed(at[2], 1)).toBe(1)
    expect(results.oldest(incarnation)).toBe(3)
    expect(await trimmed(at[2], 10)).toBe(1)
    expect(results.oldest(incarnation)).toBe(4)
    expect(results.page(incarnation, 0, 100)).toEqual([{ first: 4, lines: ['4', '5'], at: at[2] }])
  })

  it('of an unknown life of a stream are none', async () => {
    const { view } = await FedView.open()
    expect(view.results.page('00000000000000ff', 0, 100)).toEqual([])
    expect(view.results.oldest('00000000000000ff')).toBeUndefined()
    expect(view.results.timeOf('00000000000000ff', 1)).toBeUndefined()
  })
})
