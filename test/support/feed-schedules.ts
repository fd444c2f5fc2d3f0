import fc from 'fast-check'

/** What can happen to the feed of several partitions, its replicas and its readers. Parts are of the time there was so far. */
export type FeedStep =
  | ReplicaStep
  | { readonly does: 'commit'; readonly partition: number; readonly events: number; readonly gap: number }
  | { readonly does: 'cut'; readonly part: number }
  | { readonly does: 'move'; readonly reader: number; readonly replica: number; readonly lost: number }
  | { readonly does: 'drain' | 'turn' }

/** What happens at one replica. */
export type ReplicaStep =
  | { readonly does: 'apply'; readonly replica: number; readonly partition: number; readonly commits: number }
  | { readonly does: 'write' | 'settle' | 'restart' | 'rebuild'; readonly replica: number }
  | { readonly does: 'trim'; readonly replica: number; readonly part: number }

export const PARTITIONS = 3
export const REPLICAS = 2
export const READERS = 3

const partition = fc.nat(PARTITIONS - 1)
const replica = fc.nat(REPLICAS - 1)
const part = fc.constantFrom(0.3, 0.6, 1)
const does = <T extends string>(step: T): fc.Arbitrary<T> => fc.constant(step)

const step: fc.Arbitrary<FeedStep> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ does: does('commit'), partition, events: fc.nat(3), gap: fc.nat(2) }) },
  {
    weight: 8,
    arbitrary: fc.record({ does: does('apply'), replica, partition, commits: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 4, arbitrary: fc.record({ does: does('write'), replica }) },
  { weight: 4, arbitrary: fc.record({ does: does('settle'), replica }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('restart' as const, 'rebuild'), replica }) },
  { weight: 2, arbitrary: fc.record({ does: does('trim'), replica, part }) },
  { weight: 2, arbitrary: fc.record({ does: does('cut'), part }) },
  {
    weight: 8,
    arbitrary: fc.record({
      does: does('move'),
      reader: fc.nat(READERS - 1),
      replica,
      lost: fc.constantFrom(0, 1, 2, 5),
    }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constantFrom('drain' as const, 'turn') }) },
)

/** What to do in what order. */
export const feedSchedules = fc.array(step, { minLength: 10, maxLength: 80, size: 'max' })
