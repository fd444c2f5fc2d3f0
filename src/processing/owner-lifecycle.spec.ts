import { filter, firstValueFrom } from 'rxjs'
import { STREAMS_TOGETHER, type Entry, type Verdict } from '#libs/engine'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'

const idleTimeoutMs = 20

const tick: Entry = { kind: 'tick', asOf: Number.MAX_SAFE_INTEGER }
const statusOf = ({ view }: Replica, stream: string): string | undefined => view.headers.get(stream)?.status

/** Resolves when the owner's own seal has closed a stream. */
async function over(replica: Replica, stream: string): Promise<void> {
  const closed = filter(() => !['open', 'closing'].includes(statusOf(replica, stream) ?? ''))
  await firstValueFrom(replica.view.applied.pipe(closed))
}

/** Waits until streams with the short timeout that nobody has used since are due. */
async function pass({ engine }: Replica): Promise<void> {
  const from = engine.now()
  await until('the idle timeout has passed', () => engine.now() > from + idleTimeoutMs)
}

/** The answers to `entries`, in their order. */
async function verdicts(replica: Replica, entries: readonly Entry[]): Promise<unknown[]> {
  const answers = new Map<string, Verdict>()
  const subscription = replica.view.applied.subscribe((commit) => {
    for (const [ticket, verdict] of commit.verdicts) answers.set(ticket, verdict)
  })
  await Promise.all(entries.map((entry, index) => replica.append({ ...entry, ticket: `${index}` } as Entry)))
  await replica.processed()
  subscription.unsubscribe()
  return entries.map((_, index) => {
    const { code, ...rest } = answers.get(`${index}`) ?? { code: 'none' }
    return 'duplicate' in rest && rest.duplicate ? `${code} before` : code
  })
}

describe('a tick', () => {
  it('closes all that is due, however many, a bounded number in each commit', async () => {
    const replica = new Replica(await temporaryFolder())
    const names = Array.from({ length: 2 * STREAMS_TOGETHER + 1 }, (_, n) => `s${n}`)
    await Promise.all(names.map((name) => replica.append(started(name, 1, { idleTimeoutMs: 0 }))))
    await replica.processed()
    const closed: number[] = []
    replica.view.applied.subscribe(({ streams }) => {
      const closing = streams.filter(({ event }) => event === 'closing').length
      if (closing > 0) closed.push(closing)
    })
    await replica.append(tick)
    await replica.processed()
    expect(closed).toEqual([STREAMS_TOGETHER, STREAMS_TOGETHER, 1])
  })

  it('expires the streams that nobody has used for their idle timeout, and no others', async () => {
    const replica = new Replica(await temporaryFolder())
    const short = { idleTimeoutMs }
    const starts = [started('idle', 1, short), started('sent', 1, short), started('read', 1, short), started('long')]
    for (const entry of starts) await replica.append(entry)
    await pass(replica)
    // Appended together: what stands before the tick keeps its stream alive.
    const expired = over(replica, 'idle')
    await Promise.all([
      replica.append(sent('sent', [1])),
      replica.append({ kind: 'alive', streams: [['read', lifeOf('read')]] }),
      replica.append(tick),
    ])
    await expired
    expect(replica.view.headers.get('idle')).toMatchObject({ status: 'expired', reason: 'timeout' })
    for (const stream of ['sent', 'read', 'long']) expect(statusOf(replica, stream)).toBe('open')
    expect(replica.results(lifeOf('sent'))).toEqual(['1'])
  })

  it('expires nothing that a sign of life before it keeps open, however much later it comes itself', async () => {
    const replica = new Replica(await temporaryFolder())
    for (const stream of ['idle', 'read']) await replica.append(started(stream, 1, { idleTimeoutMs }))
    await pass(replica)
    const asOf = replica.engine.now()
    await replica.append({ kind: 'alive', streams: [['read', lifeOf('read')]] })
    await pass(replica)
    const expired = over(replica, 'idle')
    await replica.append({ kind: 'tick', asOf })
    await expired
    expect(statusOf(replica, 'idle')).toBe('expired')
    expect(statusOf(replica, 'read')).toBe('open')
  })

  it('leaves the streams of other partitions alone, which the view may know', async () => {
    const replica = new Replica(await temporaryFolder(), { owns: (stream) => stream === 'own' })
    const short = { idleTimeoutMs }
    for (const stream of ['other', 'own']) await replica.append(started(stream, 1, short))
    await pass(replica)
    const expired = over(replica, 'own')
    await replica.append(tick)
    await expired
    expect(statusOf(replica, 'own')).toBe('expired')
    expect(statusOf(replica, 'other')).toBe('open')
  })

  it('appends anew the seal of a stream whose seal was lost in a crash, as a new owner does by itself', async () => {
    const folder = await temporaryFolder()
    const first = new Replica(folder, { maxUnsettledChars: 1 })
    await first.append(started('s'))
    await first.processed()
    await first.settled()
    const made = first.made(2)
    await first.append({ kind: 'end', stream: 's' })
    await made
    // The commit that makes it closing is in memory, the seal not yet in the log.
    const second = new Replica(folder)
    await over(second, 's')
    expect(second.view.headers.get('s')).toMatchObject({ status: 'ended', reason: 'ended' })
  })

  it('and a sign of life mean nothing to a former life of a stream', async () => {
    const replica = new Replica(await temporaryFolder())
    await replica.append(started('s'))
    await replica.append({ kind: 'end', stream: 's' })
    await over(replica, 's')
    await replica.append(started('s', 2, { idleTimeoutMs }))
    await pass(replica)
    const expired = over(replica, 's')
    await Promise.all([replica.append({ kind: 'alive', streams: [['s', lifeOf('s')]] }), replica.append(tick)])
    await expired
    expect(statusOf(replica, 's')).toBe('expired')
  })
})

describe('the owner answers', () => {
  it('sends that can be retried by what a closing stream took, before its seal too', async () => {
    const replica = new Replica(await temporaryFolder())
    const keyed = (key: string): Entry => sent('s', [key], { key, hash: 'h' })
    const asked = [started('s'), keyed('one'), { kind: 'end', stream: 's' } as const, keyed('one'), keyed('other')]
    const answers = ['accepted', 'accepted', 'accepted', 'accepted before', 'stream_closed']
    expect(await verdicts(replica, asked)).toEqual(answers)
    expect(replica.results(lifeOf('s'))).toEqual(['"one"'])
  })

  it('calls about the lives of streams, in log order', async () => {
    const replica = new Replica(await temporaryFolder())
    const end: Entry = { kind: 'end', stream: 's' }
    const remove: Entry = { kind: 'delete', stream: 's' }
    const asked = [end, started('s'), started('s', 2), end, end, started('s', 3), sent('s', [1])]
    expect(await verdicts(replica, asked)).toEqual([
      'stream_not_found',
      'accepted',
      'stream_exists',
      'accepted',
      'accepted before',
      'stream_closing',
      // It stands before the seal.
      'accepted',
    ])
    if (statusOf(replica, 's') === 'closing') await over(replica, 's')
    expect(await verdicts(replica, [sent('s', [2]), started('s', 4), sent('s', [3]), remove, end])).toEqual([
      'stream_closed',
      'accepted',
      'stream_closed',
      'accepted',
      'stream_not_found',
    ])
    if (replica.view.headers.get('s') !== undefined) await over(replica, 's')
    expect(await verdicts(replica, [sent('s', [4]), remove])).toEqual(['stream_not_found', 'stream_not_found'])
  })
})
