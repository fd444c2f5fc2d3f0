import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import type { EngineName } from '../options.js'
import type { Settings } from '../settings.js'
import { disturbed } from './cpu-meter.js'
import { busy, doubtful, type Figure, judged, verdict } from './figure.js'
import type { Machine } from './machine.js'
import { median, round } from './statistics.js'

export interface Report {
  readonly startedAt: string
  readonly commit: string
  readonly engine: EngineName
  readonly form: 'full' | 'quick'
  readonly machine: Machine
  readonly settings: Settings
  readonly figures: readonly Figure[]
  /** Rows without figures. */
  readonly notMeasured: Readonly<Record<string, NotMeasured>>
}

export interface NotMeasured {
  readonly outcome: 'skipped' | 'failed'
  readonly reason: string
}

/** Three or four digits carry all that these figures know. */
function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

function target({ target }: Figure): string {
  if (target === undefined) return ''
  const which = target.worst === true ? 'all ' : ''
  return target.atLeast === undefined
    ? `${which}≤ ${number(target.atMost ?? 0)}`
    : `${which}≥ ${number(target.atLeast)}`
}

function cpu(figure: Figure): string {
  if (figure.cpu === undefined) return ''
  const { server, client, others } = figure.cpu
  const flags = [busy(figure) === 'client' ? ' CLIENT' : '', disturbed(figure.cpu) ? ' NOISE' : '']
  return [server, client, others].map((cores) => Math.round(cores * 100)).join('/') + flags.join('')
}

/** A verdict that a quieter machine or a faster client might turn round. */
function doubt(figure: Figure): string {
  return ['met', 'missed'].includes(verdict(figure)) && doubtful(figure) ? ' ?' : ''
}

function cells(figure: Figure): string[] {
  const spread = `${number(Math.min(...figure.repeats))} – ${number(Math.max(...figure.repeats))}`
  const remarks = [...figure.problems.map((problem) => `does not count: ${problem}`), figure.note ?? '']
  return [
    figure.row,
    figure.name,
    `${number(median(figure.repeats))} ${figure.unit}`,
    figure.repeats.length > 1 ? `${spread} (${figure.repeats.length})` : '',
    target(figure),
    { met: 'yes', missed: 'NO', invalid: 'INVALID', 'no target': '' }[verdict(figure)] + doubt(figure),
    cpu(figure),
    remarks.filter((remark) => remark !== '').join('; '),
  ]
}

const headings = [
  'row',
  'figure',
  'median',
  'min – max (repeats)',
  'target',
  'met',
  'cpu % server/client/others',
  'remarks',
]

/** The figures as a Markdown table that also reads well in a terminal. */
export function table(figures: readonly Figure[]): string {
  const lines = [headings, ...figures.map(cells)]
  const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const text = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [text(headings), rule, ...lines.slice(1).map(text)].join('\n')
}

export function writeJson(path: string, report: Report): void {
  const figures = report.figures.map((figure) => ({
    ...figure,
    repeats: figure.repeats.map((value) => round(value, 4)),
    median: round(median(figure.repeats), 4),
    judged: round(judged(figure), 4),
    verdict: verdict(figure),
    busy: busy(figure),
    doubtful: doubtful(figure),
  }))
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify({ ...report, figures }, null, 1) + '\n')
}
