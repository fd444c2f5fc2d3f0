import { busySide, type Busy, type CpuUse, disturbed } from './cpu-meter.js'
import { median } from './statistics.js'

export interface Target {
  readonly atLeast?: number
  readonly atMost?: number
  /** Whether the worst repeat must reach the target; else the median. */
  readonly worst?: boolean
}

/** One line of the table: a value of every repeat, beside what it must reach. */
export interface Figure {
  readonly row: string
  readonly name: string
  readonly unit: string
  readonly repeats: readonly number[]
  readonly target?: Target
  /** Why the figure does not count although it was measured: something was missing, wrong or refused. */
  readonly problems: readonly string[]
  readonly cpu?: CpuUse
  readonly note?: string
}

export type Verdict = 'met' | 'missed' | 'invalid' | 'no target'

/** Whether the client or the machine's other work, and not the server, may have made the figure what it is. */
export function doubtful({ cpu }: Figure): boolean {
  return cpu !== undefined && (disturbed(cpu) || busySide(cpu) === 'client')
}

function reaches(value: number, { atLeast, atMost }: Target): boolean {
  return (atLeast === undefined || value >= atLeast) && (atMost === undefined || value <= atMost)
}

export function judged(figure: Figure): number {
  if (figure.target?.worst !== true) return median(figure.repeats)
  return figure.target.atMost === undefined ? Math.min(...figure.repeats) : Math.max(...figure.repeats)
}

export function verdict(figure: Figure): Verdict {
  if (figure.problems.length > 0) return 'invalid'
  if (figure.target === undefined) return 'no target'
  return reaches(judged(figure), figure.target) ? 'met' : 'missed'
}

export function busy(figure: Figure): Busy | undefined {
  return figure.cpu === undefined ? undefined : busySide(figure.cpu)
}
