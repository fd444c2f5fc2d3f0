import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { check } from '../support/checker.js'
import { KillStage } from '../support/kill-stage.js'
import { KillStream } from '../support/kill-stream.js'
import { mutant } from '../support/mutants.js'
import { epochOff } from '../support/planted-faults.js'
import { announcedSeed, seeded } from '../support/random.js'
import { Server } from '../support/server.js'
import type { ServerOptions } from '../support/server.js'
import { until } from '../support/until.js'
import type { Violation } from '../support/violation.js'

const acksOfEach = 200

/** An older process that still works when a newer one takes its store over, and what came of it. */
async function takeOver(options: ServerOptions = {}): Promise<{ violations: Violation[]; older: Server }> {
  const older = new KillStage(await Server.start(options), seeded(announcedSeed('kill-two-processes.spec')))
  const { history, server } = older
  const before = await KillStream.open(older, 's', ['single', 'ndjson', 'single', 'ndjson'])
  await until('the older process has taken sends', () => history.acked >= acksOfEach, 60_000)

  // Processes in two containers see the lock file, but not each other: the newer one takes it over.
  await rm(join(server.dataDir, 'millrace.lock'))
  const newer = new KillStage(await Server.start({ ...options, dataDir: server.dataDir }), older.random, history)
  const after = new KillStream(newer, before.history)
  after.write('single')
  after.write('ndjson')
  const enough = history.acked + acksOfEach
  await until('both have had time to write', () => history.acked >= enough, 60_000)

  newer.isOver = true
  older.isOver = true
  await Promise.all([before.writersDone(), after.writersDone()])
  // The readers of the older process are left where it left them; those of the newer see the whole.
  before.leave()
  await after.drain(5000)
  return { violations: check(history), older: server }
}

describe('two processes on one store', () => {
  it('the older one stops by itself, and nothing that either has acked is lost or doubled', async () => {
    const { violations, older } = await takeOver()
    expect(violations.slice(0, 20)).toEqual([])
    expect(await older.exited).toEqual({ code: 0, signal: null })
  }, 180_000)

  it('shows as lost records when transactions do not ask who owns the store', async () => {
    const { violations } = await takeOver({ programFolder: await mutant(epochOff) })
    expect(violations.map(({ kind }) => kind)).toContain('lost')
  }, 180_000)
})
