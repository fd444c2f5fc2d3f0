import { join } from 'node:path'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from './store.js'

async function open(): Promise<Store> {
  const store = new Store(join(await temporaryFolder(), 'store'))
  afterTests(() => store.close())
  store.transactNow(() => {
    store.meta.putSync('guard', Buffer.from('x'), 1)
  })
  return store
}

const key = (name: string): Buffer => Buffer.from(name)

describe('a transaction', () => {
  it('holds as a whole while its condition does, and not at all after that', async () => {
    const store = await open()
    const [one, other] = [store.table('one'), store.table('other')]
    const write = (value: string): void => {
      void one.put(key('a'), Buffer.from(value))
      void other.put(key('b'), Buffer.from(value))
      void store.meta.put('guard', Buffer.from('x'), 2)
    }
    expect(await store.transact('guard', 1, () => write('first'))).toBe(true)
    expect(store.version('guard')).toBe(2)
    expect(await store.transact('guard', 1, () => write('second'))).toBe(false)
    expect([one.get(key('a')), other.get(key('b'))].map(String)).toEqual(['first', 'first'])
  })

  it('is judged by what stands there when its turn comes, also when many are begun in one turn', async () => {
    const store = await open()
    const table = store.table('t')
    const held = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        store.transact('guard', Math.floor(index / 2) + 1, () => {
          void table.put(key(`${index}`), key('x'))
          void store.meta.put('guard', Buffer.from('x'), Math.floor(index / 2) + 2)
        }),
      ),
    )
    // Of each pair that asks for the same version the first one holds.
    expect(held).toEqual(Array.from({ length: 20 }, (_, index) => index % 2 === 0))
    expect(table.getKeysCount({})).toBe(10)
  })

  it('on a row that is not there does not hold', async () => {
    const store = await open()
    expect(store.version('nothing')).toBe(0)
    expect(await store.transact('nothing', 0, () => undefined)).toBe(false)
    expect(store.sound).toBe(true)
  })

  it('may be as large as memory: it goes in as one', async () => {
    const store = await open()
    const table = store.table('t')
    await store.transact('guard', 1, () => {
      for (let index = 0; index < 5_000; index++) void table.put(key(`${index}`), Buffer.alloc(500))
    })
    expect(table.getKeysCount({})).toBe(5_000)
  })

  it('that begins a store is on the disk when it returns', async () => {
    const store = await open()
    expect(store.version('guard')).toBe(1)
  })
})
