import { errorResult, successResult } from '#libs/contract'
import type { Entry, Verdict } from '#libs/engine'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { loopTurnsDuring } from '../../test/support/loop-turns.js'
import { running } from '../../test/support/processing.js'
import { Replica, type ReplicaOptions } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Identity } from '../processors/identity.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const texts = (values: readonly unknown[]): string[] => values.map((value) => JSON.stringify(value))

/** A replica that has processed `entries`, found in the log as one backlog. */
async function processed(entries: readonly Entry[], options: ReplicaOptions = {}): Promise<Replica> {
  const replica = new Replica(await temporaryFolder(), { ...options, idle: true })
  await Promise.all(entries.map((entry) => replica.append(entry)))
  replica.work()
  await replica.processed()
  return replica
}

/** The same, for each commit it takes: another replica takes over when that commit was made and the one before it is on the disk. */
async function* crashed(entries: readonly Entry[], options: ReplicaOptions = {}): AsyncGenerator<Replica> {
  for (let n = 1; ; n++) {
    const folder = await temporaryFolder()
    const first = new Replica(folder, { ...options, maxUnsettledChars: 1, idle: true })
    await Promise.all(entries.map((entry) => first.append(entry)))
    const finished = first.processed().then(() => 'finished' as const)
    const made = first.made(n).then(() => 'made' as const)
    first.work()
    const outcome = await Promise.race([made, finished])
    const second = new Replica(folder, options)
    await second.processed()
    yield second
    await second.close()
    if (outcome === 'finished') return
  }
}

/** Every event of the lifecycle feed, as `type stream`. */
const eventsOf = ({ view }: Replica): string[] =>
  [...view.lifecycle.read(view.lifecycle.earliest)].map(({ line }) => {
    const { type, stream_id: id } = JSON.parse(line) as { type: string; stream_id: string }
    return `${type} ${id}`
  })

describe('the owner', () => {
  it('gives every record its result, in the order of the sends, on its own stream', async () => {
    const replica = new Replica(await temporaryFolder())
    const streams = ['a', 'b', 'c']
    for (const stream of streams) await replica.append(started(stream))
    await Promise.all(numbers(90).map((n) => replica.append(sent(streams[n % 3] ?? '', [n, `${n}`]))))
    await replica.processed()
    for (const [index, stream] of streams.entries()) {
      const mine = numbers(90).filter((n) => n % 3 === index)
      expect(replica.results(lifeOf(stream))).toEqual(mine.flatMap((n) => [`${n}`, `"${n}"`]))
    }
  })

  it('splits what is too large for one commit over several, each within the bound', async () => {
    const replica = new Replica(await temporaryFolder(), { maxCommitChars: 1_000 })
    const chars: number[] = []
    replica.view.applied.subscribe(({ streams }) => {
      const lines = streams.flatMap(({ runs }) => runs.flatMap((run) => run.lines))
      chars.push(lines.join('').length)
    })
    await replica.append(started('s'))
    await replica.append(sent('s', numbers(1_234)))
    await replica.processed()
    expect(texts(numbers(1_234)).join('')).toHaveLength(3_826)
    expect(chars.length).toBeGreaterThanOrEqual(4)
    expect(Math.max(...chars)).toBeLessThanOrEqual(1_000)
    expect(replica.results(lifeOf('s'))).toEqual(texts(numbers(1_234)))
  })

  it('bounds what a commit holds besides results, whatever the streams are called and labelled', async () => {
    const labels = Object.fromEntries(numbers(16).map((n) => [`${n}`.padEnd(64, 'n'), 'v'.repeat(256)]))
    const names = numbers(600).map((n) => `${n}`.padStart(128, 's'))
    const starts = names.map((name, n) => ({ ...started(name, 1, { labels }), incarnation: lifeOf(`${n}`) }))
    const replica = new Replica(await temporaryFolder(), { idle: true })
    await Promise.all(starts.map((entry) => replica.append(entry)))
    const sizes: number[] = []
    replica.view.applied.subscribe((commit) => sizes.push(JSON.stringify(commit).length))
    replica.work()
    await replica.processed()
    expect(replica.view.headers.active.size).toBe(600)
    await replica.append({ kind: 'tick', asOf: Number.MAX_SAFE_INTEGER })
    await replica.processed()
    expect(sizes.length).toBeGreaterThan(3)
    expect(Math.max(...sizes)).toBeLessThan(2 * 1024 * 1024)
  })

  it('gives each record of a large send one result, wherever in it a crash falls', async () => {
    const values = numbers(700)
    const sends = [sent('s', ['before']), sent('s', values), sent('t', values), sent('s', ['behind'])]
    let crashes = 0
    for await (const replica of crashed([started('s'), started('t'), ...sends], { maxCommitChars: 400 })) {
      expect(replica.results(lifeOf('s'))).toEqual(texts(['before', ...values, 'behind']))
      expect(replica.results(lifeOf('t'))).toEqual(texts(values))
      crashes++
    }
    expect(crashes).toBeGreaterThan(10)
  })

  it('takes a retried send once and whole, wherever a crash falls', async () => {
    // Neither of the first two leaves room for the next in its commit.
    const large = ['x'.repeat(170), 'y'.repeat(170)]
    const first = sent('s', [large[0]])
    const retried = sent('s', [large[1], 'z'.repeat(170)], { key: 'k', hash: 'h' })
    for await (const replica of crashed([started('s'), first, retried, retried], { maxCommitChars: 200 })) {
      expect(replica.results(lifeOf('s'))).toEqual(texts([...large, 'z'.repeat(170)]))
      const verdicts: Verdict[] = []
      replica.view.applied.subscribe((commit) => verdicts.push(...commit.verdicts.map(([, verdict]) => verdict)))
      await replica.append({ ...retried, ticket: 't' })
      await replica.processed()
      expect(verdicts).toEqual([{ code: 'accepted', incarnation: lifeOf('s'), duplicate: true }])
      expect(replica.results(lifeOf('s'))).toHaveLength(3)
    }
  })

  it('puts an error where a result is too large for any commit, and goes on', async () => {
    const records = ['before', 'x'.repeat(201), 'behind']
    const process = running(new Identity(), 200)
    const replica = await processed([started('s'), sent('s', records)], { process, maxCommitChars: 200 })
    expect(replica.results(lifeOf('s'))).toEqual([
      successResult('before'),
      errorResult('result_too_large'),
      successResult('behind'),
    ])
  })

  it.each([
    ['one large send', [numbers(5_000)]],
    ['many sends found at the start', numbers(100).map((n) => [n])],
  ])('lets the event loop have its turns while it works on %s', async (_name, sends) => {
    const folder = await temporaryFolder()
    const former = new Replica(folder, { idle: true })
    await former.append(started('s'))
    for (const values of sends) await former.append(sent('s', values))
    const replica = new Replica(folder, { idle: true, maxCommitChars: 1_000_000 })
    const turns = await loopTurnsDuring(() => {
      replica.work()
      return replica.processed()
    })
    expect(turns).toBeGreaterThanOrEqual(10)
  })

  it('tells every event of a stream, though all of its life lies in one backlog', async () => {
    const whole = [started('s'), { kind: 'end', stream: 's' }] as const
    const sealed = { kind: 'seal', streams: [['s', lifeOf('s')]] } as const
    const again = [started('s', 2), sent('s', ['again'], undefined, 2), { kind: 'delete', stream: 's' }] as const
    for await (const replica of crashed([...whole, sealed, ...again])) {
      await replica.settled() // The feed tells what is on the disk.
      const events = eventsOf(replica)
      expect(events.slice(0, 5)).toEqual(['started s', 'closing s', 'ended s', 'started s', 'closing s'])
      expect(replica.view.headers.streamOf(lifeOf('s', 2))).toBe('s')
    }
  })

  it('counts what stands before the seal and nothing behind it, nor what is meant for another life', async () => {
    const ended = [started('s'), sent('s', [1]), { kind: 'end', stream: 's' }, sent('s', [2])] as const
    const sealed = [{ kind: 'seal', streams: [['s', lifeOf('s')]] }, sent('s', [3])] as const
    const again = [started('s', 2), sent('s', [4]), sent('s', [5], undefined, 2)] as const
    const replica = await processed([...ended, ...sealed, ...again])
    expect(replica.results(lifeOf('s', 2))).toEqual(['5'])
    expect(replica.view.headers.get('s')).toMatchObject({ incarnation: lifeOf('s', 2), status: 'open', lastSeq: 1 })
    const twice = await processed([...ended, ...sealed])
    expect(twice.results(lifeOf('s'))).toEqual(['1', '2'])
    expect(twice.view.headers.get('s')).toMatchObject({ status: 'ended', reason: 'ended', lastSeq: 2 })
  })
})
