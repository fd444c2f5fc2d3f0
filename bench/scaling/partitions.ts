import { brokerPids, idleCores, mebibytes, openFiles, sum } from './usage.js'
import { type Measured, newPrefix, removeTopics, type Stage, startReplica, usable } from './stage.js'

const counts = [1, 6, 12, 21]

/** One replica over topics of 1 to 21 partitions: what each of them costs while nothing happens. */
export async function partitions(stage: Stage): Promise<Measured[]> {
  const measured: Measured[] = []
  for (let round = 1; round <= stage.rounds; round++) {
    for (const count of counts) {
      stage.progress(`round ${round}: ${count} partitions`)
      measured.push(...(await measure(stage, count)))
    }
  }
  return measured
}

async function measure(stage: Stage, count: number): Promise<Measured[]> {
  const prefix = newPrefix()
  const figure = (name: string, unit: string, value: number): Measured => {
    return { part: 'partitions', of: String(count), name, unit, value }
  }
  const brokers = brokerPids(stage.cluster)
  const alone = sum(await idleCores(brokers, stage.idleSeconds))
  const first = await startReplica(stage, { prefix, partitions: count })
  await usable(first, count)
  const [own = 0, ...others] = await idleCores([first.pid, ...brokers], stage.idleSeconds)
  const idle = [
    figure('start, topics made', 's', first.readyInMs / 1000),
    figure('idle CPU of the replica', 'cores', own),
    figure('idle CPU of the brokers, above none', 'cores', sum(others) - alone),
    figure('memory of the replica', 'MiB', mebibytes(first.pid)),
    figure('open files of the replica', '', openFiles(first.pid)),
  ]
  await first.stop('SIGTERM')
  const second = await startReplica(stage, { prefix, partitions: count }, first.dataDir)
  await second.stopAndRemove()
  await removeTopics(stage, prefix)
  return [...idle, figure('start, topics there', 's', second.readyInMs / 1000)]
}
