import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'

import type { Fault, Outcome } from './fault.js'

/** A fault that was run: what came of it, or why it did not come to an end. */
export interface Row {
  readonly fault: Fault
  readonly tookMs: number
  readonly outcome?: Outcome
  readonly failure?: string
}

export interface Report {
  readonly startedAt: Date
  readonly seed: number
  readonly quick: boolean
  readonly rows: readonly Row[]
}

const headings = [
  'fault',
  'sends acked',
  'refused',
  'unknown',
  'lost',
  'duplicated',
  'out of order',
  'other',
  'longest gap of acks, ms',
  'of deliveries, ms',
  'took, s',
]

export function isRed({ outcome }: Row): boolean {
  return outcome === undefined || outcome.violations.length > 0
}

/** The counts as a Markdown table that also reads well in a terminal. */
export function table(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cells)]
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const pad = (text: string, column: number): string =>
    column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)
  const text = (line: readonly string[]): string => `| ${line.map(pad).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [text(headings), rule, ...lines.slice(1).map(text)].join('\n')
}

/** What stands below the table: targets, notes, and what went wrong. */
export function remarks(rows: readonly Row[]): string[] {
  return rows.flatMap(({ fault, outcome, failure }) => {
    const targets = (outcome?.targets ?? []).map(
      ({ name, ms, atMostMs }) =>
        `${name} after ${Math.round(ms)} ms; target ${atMostMs} ms, ${ms <= atMostMs ? 'met' : 'MISSED'}`,
    )
    return [...targets, ...(outcome?.notes ?? []), ...(failure === undefined ? [] : [`FAILED: ${failure}`])].map(
      (remark) => `${fault.name}: ${remark}`,
    )
  })
}

export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${memory} GiB, ${type()} ${release()}, Node ${process.version}`
}

/** The commit that was tested, marked if the working tree differs from it. */
export function commit(): string {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : undefined
  }
  const head = git('rev-parse', '--short', 'HEAD')
  if (head === undefined) return 'not committed'
  return git('status', '--porcelain') === '' ? head : `${head} with changes`
}

function cells({ fault, outcome, tookMs }: Row): string[] {
  const took = String(Math.round(tookMs / 1000))
  if (outcome === undefined) return [fault.name, ...Array<string>(headings.length - 2).fill('–'), took]
  const { counts } = outcome
  const { acked, refused, unknown, lost, duplicated, outOfOrder, other, ackGapMs, deliveryGapMs } = counts
  const figures = [acked, refused, unknown, lost, duplicated, outOfOrder, other, ackGapMs, deliveryGapMs]
  return [fault.name, ...figures.map((figure) => String(Math.round(figure))), took]
}
