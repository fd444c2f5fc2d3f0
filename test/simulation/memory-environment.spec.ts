import { join } from 'node:path'
import fc from 'fast-check'
import { Store } from '../../src/view/store.js'
import { afterTests } from '../support/clean-up.js'
import { announcedSeed } from '../support/random.js'
import { temporaryFolder } from '../support/temp-folder.js'
import { MemoryDisk, MemoryEnvironment } from './memory-environment.js'

const key = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes))

// Rows that are empty, as those of garbage are, are only asked for their keys.
const write = fc.record({ key, value: fc.option(fc.string({ minLength: 1, maxLength: 5 }), { nil: undefined }) })
// From low to high or back, with or without ends: what `lmdb` makes of other ranges is nobody's business.
const range = fc
  .record({
    bounds: fc.tuple(key, key),
    open: fc.tuple(fc.boolean(), fc.boolean()),
    exclusiveStart: fc.boolean(),
    reverse: fc.boolean(),
    limit: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ bounds, open: [isOpenBelow, isOpenAbove], exclusiveStart, reverse, limit }) => {
    const [low, high] = bounds.sort((one, other) => Buffer.compare(one, other))
    const [start, end] = reverse ? [high, low] : [low, high]
    return { ...(!isOpenBelow && { start, exclusiveStart }), ...(!isOpenAbove && { end }), reverse, limit }
  })
const transaction = fc.record({ holds: fc.boolean(), writes: fc.array(write, { maxLength: 6 }), range })

type Transaction = typeof transaction extends fc.Arbitrary<infer T> ? T : never

/** What a reader of the store sees after each of some transactions. */
async function seen(store: Store, transactions: readonly Transaction[]) {
  store.transactNow(() => {
    store.meta.putSync('epoch', Buffer.from('now'), store.version('epoch') + 1)
  })
  const epoch = store.version('epoch')
  const table = store.table('rows')
  const found: unknown[] = []
  for (const { holds, writes, range } of transactions) {
    const held = store.transact('epoch', holds ? epoch : epoch + 1, () => {
      for (const { key, value } of writes)
        void (value === undefined ? table.remove(key) : table.put(key, Buffer.from(value)))
    })
    // Before it is over the rows can be of before it or behind it.
    found.push(await held)
    found.push(writes.map(({ key }) => table.get(key)?.toString()))
    found.push([...table.getKeys({ ...range })].map((key) => key.toString('hex')))
    found.push([...table.getRange({ ...range })].map(({ value }) => value.toString()))
  }
  await store.transact('epoch', epoch, () => {
    for (const row of table.getKeys({})) void table.remove(row)
  })
  return found
}

it('a store on the double of LMDB shows its readers what one on LMDB shows them', async () => {
  const real = new Store(join(await temporaryFolder(), 'store'), 0, false)
  afterTests(() => real.close())
  const environment = new MemoryEnvironment(new MemoryDisk(), (commit) => setImmediate(commit))
  const double = new Store('', 0, false, () => environment.asRootDatabase())
  afterTests(() => double.close())
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { minLength: 1, maxLength: 8 }), async (transactions) => {
      expect(await seen(double, transactions)).toEqual(await seen(real, transactions))
    }),
    { seed: announcedSeed('memory-environment.spec'), numRuns: 60 },
  )
})
