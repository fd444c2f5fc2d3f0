import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { KafkaCluster } from '../test/support/kafka-cluster.js'
import { type Bench, type Row, Skipped } from './harness/bench.js'
import { installCleanup, killChildren } from './harness/cleanup.js'
import { within } from './harness/deadline.js'
import { type Figure, verdict } from './harness/figure.js'
import { commit, dataInMemory, describeMachine } from './harness/machine.js'
import { pinCores } from './harness/pinning.js'
import { warmUpBrokers } from './harness/warm-up.js'
import { type NotMeasured, type Report, table, writeJson } from './harness/report.js'
import { type Options, parseOptions, usage } from './options.js'
import { rowsOf } from './rows/index.js'
import { defaultMillraceEntry, programs } from './servers/programs.js'
import { settingsOf } from './settings.js'

function log(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

function chosenRows({ engine, only }: Options): readonly Row[] {
  const rows = rowsOf[engine]
  const unknown = only.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) throw new Error(`${engine} has no row that is named ${unknown}\n${usage}`)
  return only.length === 0 ? rows : rows.filter((row) => only.includes(row.name))
}

interface Measured {
  readonly figures: readonly Figure[]
  readonly notMeasured: Readonly<Record<string, NotMeasured>>
}

async function measure(rows: readonly Row[], shared: Omit<Bench, 'progress'>): Promise<Measured> {
  const figures: Figure[] = []
  const notMeasured: Record<string, NotMeasured> = {}
  for (const row of rows) {
    log(`${row.name}: ${row.title}`)
    const bench = { ...shared, progress: (text: string): void => log(`  ${row.name} ${text}`) }
    try {
      figures.push(...(await within(row.limitMinutes * 60_000, row.name, row.run(bench))))
    } catch (error) {
      killChildren()
      const outcome = error instanceof Skipped ? 'skipped' : 'failed'
      notMeasured[row.name] = { outcome, reason: error instanceof Error ? error.message : String(error) }
      log(`${row.name}: ${outcome}`)
      if (outcome === 'failed') console.error(error)
    }
  }
  return { figures, notMeasured }
}

/** Starts what the engine needs, measures, and ends it. */
async function run(options: Options): Promise<Report> {
  const { engine, quick, program = defaultMillraceEntry } = options
  const entry = resolve(program)
  if (!existsSync(entry)) throw new Error('the program is not built: run `npm run build` first')
  const rows = chosenRows(options)
  if (dataInMemory())
    log('the temporary directory lies in memory: set TMPDIR to a real disk, or durable figures mean nothing')
  const startedAt = new Date().toISOString()
  const settings = settingsOf(engine, quick)
  // Before the cores are given out: the brokers may use both, as the server and the client leave them.
  const cluster = engine === 'kafka' ? await startCluster() : undefined
  try {
    const cores = pinCores()
    const shared = { settings, cores, programs: programs(entry, cluster?.brokers) }
    if (cluster) await warmUp({ ...shared, progress: log })
    const measured = await measure(rows, shared)
    const form = quick ? 'quick' : 'full'
    return { startedAt, commit: commit(), engine, form, machine: describeMachine(cores), settings, ...measured }
  } finally {
    await cluster?.stop()
  }
}

async function startCluster(): Promise<KafkaCluster> {
  log('starting three brokers')
  return await KafkaCluster.start()
}

async function warmUp(bench: Bench): Promise<void> {
  log(`warming up the brokers for ${bench.settings.warmUpSeconds} s`)
  await warmUpBrokers(bench)
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
    return 0
  }
  installCleanup()
  const report = await run(options)
  writeJson(options.out, report)
  const { machine } = report
  console.log(
    `Millrace benchmark, engine ${report.engine}, ${report.form} form, ${report.startedAt}, commit ${report.commit}`,
  )
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, Node ${machine.node}\n`)
  console.log(table(report.figures))
  for (const [row, { outcome, reason }] of Object.entries(report.notMeasured))
    console.log(`${row}: ${outcome}: ${reason}`)
  // A missed target is for a person to judge, on a quiet machine; a wrong or missing result is a failure anywhere.
  const invalid = report.figures.some((figure) => verdict(figure) === 'invalid')
  return invalid || Object.values(report.notMeasured).some(({ outcome }) => outcome === 'failed') ? 1 : 0
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
