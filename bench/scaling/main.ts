import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

import { KafkaCluster } from '../../test/support/kafka-cluster.js'
import { installCleanup } from '../harness/cleanup.js'
import { commit, describeMachine } from '../harness/machine.js'
import { median, round } from '../harness/statistics.js'
import { partitions } from './partitions.js'
import { replicas } from './replicas.js'
import { kafkaOf, type Measured, type Stage } from './stage.js'
import { topics } from './topics.js'
import { view } from './view.js'

/** In this order: the topics stay until the cluster ends. */
const parts = { partitions, replicas, view, topics } as const

const usage = `npm run bench:scaling -- [--only PART[,PART…]] [--rounds N] [--idle SECONDS] [--out FILE]
  --only    some parts: ${Object.keys(parts).join(', ')}`

function log(text: string): void {
  console.error(`${new Date().toISOString().slice(11, 19)} ${text}`)
}

/** Median, and in parentheses the least and the most of all rounds. */
function table(measured: readonly Measured[]): string {
  const rows = new Map<string, number[]>()
  for (const { part, of, name, unit, value } of measured) {
    const row = `| ${part} | ${of} | ${name} | ${unit} |`
    rows.set(row, [...(rows.get(row) ?? []), value])
  }
  return [...rows]
    .map(([row, values]) => {
      const [low, high] = [Math.min(...values), Math.max(...values)].map((value) => round(value, 3))
      const spread = values.length === 1 ? '' : ` (${low}–${high})`
      return `${row} ${round(median(values), 3)}${spread} |`
    })
    .join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: Object.keys(parts).join() },
      rounds: { type: 'string', default: '3' },
      idle: { type: 'string', default: '10' },
      out: { type: 'string', default: 'bench/results/scaling.json' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    return
  }
  const only = values.only.split(',')
  const unknown = only.find((name) => !(name in parts))
  if (unknown !== undefined) throw new Error(`no part is named ${unknown}\n${usage}`)
  installCleanup()
  log('starting three brokers')
  const cluster = await KafkaCluster.start()
  const kafka = kafkaOf(cluster)
  const admin = kafka.admin()
  const measured: Measured[] = []
  try {
    await admin.connect()
    for (const [name, part] of Object.entries(parts)) {
      if (!only.includes(name)) continue
      const progress = (text: string): void => log(`${name}: ${text}`)
      const stage: Stage = {
        cluster,
        kafka,
        admin,
        rounds: Number(values.rounds),
        idleSeconds: Number(values.idle),
        progress,
      }
      const figures = await part(stage)
      measured.push(...figures)
      log(`\n${table(figures)}`)
    }
  } finally {
    await admin.disconnect()
    await cluster.stop()
  }
  mkdirSync('bench/results', { recursive: true })
  const report = { commit: commit(), machine: describeMachine(undefined), measured }
  writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`)
  console.log(table(measured))
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
