import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { type Bench, type Row, Skipped } from './harness/bench.js'
import { installCleanup, killChildren } from './harness/cleanup.js'
import { within } from './harness/deadline.js'
import { type Figure, verdict } from './harness/figure.js'
import { commit, dataInMemory, describeMachine } from './harness/machine.js'
import { pinCores } from './harness/pinning.js'
import { type NotMeasured, type Report, table, writeJson } from './harness/report.js'
import { type Options, parseOptions, usage } from './options.js'
import { rows } from './rows/index.js'
import { defaultMillraceEntry, programs } from './servers/programs.js'
import { fullRun, quickRun } from './settings.js'

function log(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

function chosenRows({ only }: Options): readonly Row[] {
  const unknown = only.find((name) => !rows.some((row) => row.name === name))
  if (unknown !== undefined) throw new Error(`no row is named ${unknown}\n${usage}`)
  return only.length === 0 ? rows : rows.filter((row) => only.includes(row.name))
}

async function measure(options: Options): Promise<Report> {
  const entry = options.program === undefined ? defaultMillraceEntry : resolve(options.program)
  if (!existsSync(entry)) throw new Error('the program is not built: run `npm run build` first')
  if (dataInMemory())
    log('the temporary directory lies in memory: set TMPDIR to a real disk, or durable figures mean nothing')
  const settings = options.quick ? quickRun : fullRun
  const cores = pinCores()
  const startedAt = new Date().toISOString()
  const figures: Figure[] = []
  const notMeasured: Record<string, NotMeasured> = {}
  for (const row of chosenRows(options)) {
    log(`${row.name}: ${row.title}`)
    const progress = (text: string): void => log(`  ${row.name} ${text}`)
    const bench: Bench = { settings, cores, programs: programs(entry), progress }
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
  const form = options.quick ? 'quick' : 'full'
  return { startedAt, commit: commit(), form, machine: describeMachine(cores), settings, figures, notMeasured }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
    return 0
  }
  installCleanup()
  const report = await measure(options)
  writeJson(options.out, report)
  const { machine } = report
  console.log(`Millrace benchmark, ${report.form} form, ${report.startedAt}, commit ${report.commit}`)
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
