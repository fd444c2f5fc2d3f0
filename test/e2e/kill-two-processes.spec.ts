import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { check } from '../support/checker.js'
import { elapsed } from '../support/elapsed.js'
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

/**
 * An older process that still works when a newer one takes its store over, and what came of it.
 * @param start starts the newer process, which finds the older one's lock
 */
async function takeOver(
  start: (newer: Server, older: Server) => Promise<void>,
  options: ServerOptions = {},
): Promise<{ violations: Violation[]; older: Server }> {
  const older = new KillStage(await Server.start(options), seeded(announcedSeed('kill-two-processes.spec')))
  const { history, server } = older
  const before = await KillStream.open(older, 's', ['single', 'ndjson', 'single', 'ndjson'])
  await until('the older process has taken sends', () => history.acked >= acksOfEach, 60_000)

  const second = await Server.prepare({ ...options, dataDir: server.dataDir })
  await start(second, server)
  const newer = new KillStage(second, older.random, history)
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

const lockOf = ({ dataDir }: Server): string => join(dataDir, 'millrace.lock')

/** Processes in two containers see the lock, but not each other: each is on another host as far as the other one can tell. */
async function fromElsewhere(newer: Server, older: Server): Promise<void> {
  const lock = JSON.parse(await readFile(lockOf(older), 'utf8')) as object
  await writeFile(lockOf(older), JSON.stringify({ ...lock, host: 'elsewhere' }))
  await newer.restart()
}

/** The same, and the older one is stopped meanwhile, so that it notices nothing before it goes on. */
async function whilePaused(newer: Server, older: Server): Promise<void> {
  process.kill(older.pid, 'SIGSTOP')
  const started = fromElsewhere(newer, older)
  // It may have been stopped within a transaction: then the newer one waits for it.
  await Promise.race([started, elapsed(6_000)])
  process.kill(older.pid, 'SIGCONT')
  await started
}

describe('two processes on one store', () => {
  it.each([
    ['that runs on', fromElsewhere],
    ['that is paused meanwhile', whilePaused],
  ])(
    'the older one %s stops by itself, and nothing that either has acked is lost or doubled',
    async (_how, start) => {
      const { violations, older } = await takeOver(start)
      expect(violations.slice(0, 20)).toEqual([])
      expect(await older.exited).toEqual({ code: 0, signal: null })
    },
    180_000,
  )

  it('shows as lost records when transactions do not ask who owns the store', async () => {
    const unnoticed = async (newer: Server, older: Server): Promise<void> => {
      await rm(lockOf(older))
      await newer.restart()
    }
    const { violations } = await takeOver(unnoticed, { programFolder: await mutant(epochOff) })
    expect(violations.map(({ kind }) => kind)).toContain('lost')
  }, 180_000)
})
