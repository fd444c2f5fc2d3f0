import { describeAppends } from './appends.js'
import { describeClaims } from './claims.js'
import { describeClosing } from './closing.js'
import { describeCommits } from './commits.js'
import { TestLogs, type Logs } from './logs.js'

/**
 * What every engine promises, as tests of it. `newLogs` makes empty logs; the suite opens engines on them, one after the other and
 * beside each other, and closes them all.
 */
export function describeEngine(name: string, newLogs: () => Promise<Logs>): void {
  describe(`${name}, as an engine:`, () => {
    const logs = new TestLogs(newLogs)
    afterEach(() => logs.close())

    describeAppends(logs)
    describeClaims(logs)
    describeCommits(logs)
    describeClosing(logs)
  })
}
