import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

import { cleanUp } from '../support/clean-up.js'
import { KafkaCluster } from '../support/kafka-cluster.js'
import { KafkaProcesses } from '../support/kafka-processes.js'
import { packageFolder } from '../support/package-folder.js'
import { seeded } from '../support/random.js'
import type { Fault, Ground, Outcome } from './fault.js'
import { faults } from './faults/index.js'
import { parseOptions, usage } from './options.js'
import type { Options } from './options.js'
import { page } from './page.js'
import { commit, isRed, remarks, table } from './report.js'
import type { Report, Row } from './report.js'
import { inSync } from './topics.js'

const shownViolations = 20

function log(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

function chosen({ only, quick }: Options): readonly Fault[] {
  const unknown = only.find((name) => !faults.some((fault) => fault.name === name))
  if (unknown !== undefined) throw new Error(`no fault is named ${unknown}: ${faults.map(({ name }) => name).join()}`)
  if (only.length > 0) return faults.filter(({ name }) => only.includes(name))
  return quick ? faults.filter((fault) => fault.quick) : faults
}

async function within(fault: Fault, ground: Ground): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${fault.limitMs} ms`)), fault.limitMs)
  })
  return await Promise.race([fault.run(ground), late]).finally(() => clearTimeout(timer))
}

async function happen(fault: Fault, ground: Ground): Promise<Row> {
  log(`${fault.name}: ${fault.title}`)
  const started = performance.now()
  const tookMs = (): number => performance.now() - started
  try {
    const outcome = await within(fault, ground)
    for (const { kind, stream, detail } of outcome.violations.slice(0, shownViolations)) {
      log(`  ${kind} ${stream} ${detail}`)
    }
    const row = { fault, outcome, tookMs: tookMs() }
    for (const line of [table([row]), ...remarks([row])]) log(line)
    return row
  } catch (error) {
    console.error(error)
    return { fault, failure: error instanceof Error ? error.message : String(error), tookMs: tookMs() }
  } finally {
    await cleanUp()
    await ground.cluster.heal()
    await inSync(ground.cluster)
  }
}

/** @param told is given the report as it stands after every fault */
async function run(options: Options, told: (report: Report) => Promise<void>): Promise<Report> {
  const startedAt = new Date()
  const { seed, quick, program = packageFolder } = options
  log(`seed ${seed}; starting three brokers`)
  const cluster = await KafkaCluster.start()
  const processes = KafkaProcesses.keep(await mkdtemp(join(tmpdir(), 'millrace-faults-')))
  const rows: Row[] = []
  try {
    for (const fault of chosen(options)) {
      const progress = (text: string): void => log(`  ${fault.name}: ${text}`)
      const own = { random: seeded(seed), progress, programFolder: resolve(program) }
      rows.push(await happen(fault, { cluster, processes, quick, ...own }))
      await told({ startedAt, seed, quick, rows })
    }
  } finally {
    await Promise.all([processes.end(), cluster.stop()])
  }
  return { startedAt, seed, quick, rows }
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
    return 0
  }
  const tested = commit()
  const isWhole = !options.quick && options.only.length === 0
  const report = await run(options, async (sofar) => {
    if (isWhole) await writeFile(join(packageFolder, 'docs/faults.md'), page(sofar, tested))
  })
  console.log(`Faults, ${options.quick ? 'quick' : 'full'} form, seed ${report.seed}, commit ${tested}`)
  console.log(table(report.rows))
  for (const remark of remarks(report.rows)) console.log(remark)
  return report.rows.some(isRed) ? 1 : 0
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
