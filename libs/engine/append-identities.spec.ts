import { AppendIdentities, IDENTITY_LIFETIME_MS } from './append-identities.js'

describe('identities of appends', () => {
  it('are admitted once each, as long as they rise', () => {
    const identities = new AppendIdentities()
    const admitted = [1, 2, 2, 1, 4, 3, 5].map((seq) => identities.admits({ replica: 'r', seq }, 0))
    expect(admitted).toEqual([true, true, false, false, true, false, true])
    expect(identities.admits({ replica: 'other', seq: 1 }, 0)).toBe(true)
  })

  it('are known to whoever goes on from the table', () => {
    const former = new AppendIdentities()
    former.admits({ replica: 'r', seq: 3 }, 10)
    const next = new AppendIdentities(former)
    expect(next.admits({ replica: 'r', seq: 3 }, 11)).toBe(false)
    expect(next.admits({ replica: 'r', seq: 4 }, 11)).toBe(true)
  })

  it('are forgotten when a day of log time has passed without the replica, and not before', () => {
    const identities = new AppendIdentities()
    identities.admits({ replica: 'gone', seq: 1 }, 0)
    identities.admits({ replica: 'busy', seq: 1 }, 5)
    identities.admits({ replica: 'busy', seq: 2 }, IDENTITY_LIFETIME_MS)
    expect([...identities].map(([replica]) => replica)).toEqual(['gone', 'busy'])
    identities.admits({ replica: 'busy', seq: 3 }, IDENTITY_LIFETIME_MS + 1)
    expect([...identities].map(([replica]) => replica)).toEqual(['busy'])
  })
})
