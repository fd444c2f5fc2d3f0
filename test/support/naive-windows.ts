import type { InputRecord, TrialResult } from '#libs/processor'

export interface NaiveOptions {
  readonly kind: 'tumbling' | 'sliding' | 'session'
  readonly size_ms?: number
  readonly slide_ms?: number
  readonly gap_ms?: number
  readonly aggregates: readonly string[]
  readonly max_groups: number
  readonly time_field?: string
  readonly allowed_lateness_ms?: number
  readonly idle_close_ms?: number
  readonly late?: 'drop' | 'result'
}

export interface NaiveRecord {
  readonly key: string
  readonly time: number
  readonly amount?: number
}

interface Counted extends NaiveRecord {
  readonly amount: number
  /** In a window that has closed. */
  closed?: boolean
}

interface NaiveWindow {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly counted: readonly Counted[]
}

/** Windows as a user would work them out: from the list of all records that counted, anew at each record. */
export function naiveWindows(options: NaiveOptions, records: readonly InputRecord<NaiveRecord>[]): TrialResult[] {
  const byArrival = options.time_field === undefined
  const { allowed_lateness_ms: lateness = 0, idle_close_ms: idle = 60_000 } = options
  const results: TrialResult[] = []
  let counted: Counted[] = []
  let [watermark, late, lastAt] = [0, 0, Infinity]

  const close = (until: number): TrialResult[] => {
    const closing = windowsOver(options, counted).filter(({ end }) => end > watermark && end <= until)
    const last = Math.max(watermark, ...windowsOver(options, counted).map(({ end }) => end))
    watermark = Math.max(watermark, Math.min(until, last))
    if (options.kind === 'session') for (const window of closing) for (const each of window.counted) each.closed = true
    closing.sort((a, b) => a.end - b.end || a.start - b.start || (textOf(a) < textOf(b) ? -1 : 1))
    return closing.map((window) => ({ data: resultOf(options, window, byArrival ? undefined : late) }))
  }

  for (const { value, at } of records) {
    if (!byArrival && lastAt + idle <= at) {
      results.push(...close(Infinity))
      lastAt = Infinity
    }
    const before = { counted: counted.map((each) => ({ ...each })), watermark, late }
    const time = byArrival ? at : value.time
    const until = byArrival ? at : Math.max(watermark, time - lateness)
    const closed = close(until)
    watermark = Math.max(watermark, until)
    const record: Counted = { ...value, time, amount: value.amount ?? NaN }
    const open = groupsOpen(options, counted, watermark)
    if (lastEndOf(options, counted, record) <= watermark) {
      late += 1
      results.push(...closed)
      if (options.late === 'result') results.push({ data: { late_record: value, late } })
      lastAt = at
    } else if (value.amount === undefined || (!open.has(value.key) && open.size >= options.max_groups)) {
      // A record that fails changes nothing; what the timer closes by the time of arrival has closed before.
      if (byArrival) results.push(...closed)
      else ({ counted, watermark, late } = before)
      results.push({ error: 'processor_failed' })
    } else {
      counted.push(record)
      results.push(...closed)
      lastAt = at
    }
  }
  return [...results, ...close(Infinity)]
}

const textOf = ({ key }: { key: string }): string => JSON.stringify(key)

/** All windows over records, however long ago they closed; sessions only of records whose session is open. */
function windowsOver(options: NaiveOptions, records: readonly Counted[]): NaiveWindow[] {
  const keys = [...new Set(records.map(({ key }) => key))]
  return keys.flatMap((key) => {
    const own = records.filter((record) => record.key === key)
    return options.kind === 'session' ? sessions(options.gap_ms ?? 0, key, own) : fixed(options, key, own)
  })
}

function sessions(gap: number, key: string, records: readonly Counted[]): NaiveWindow[] {
  const open = records.filter(({ closed }) => closed !== true).sort((a, b) => a.time - b.time)
  const cuts = open.flatMap(({ time }, index) => (time - (open[index - 1]?.time ?? -Infinity) >= gap ? [index] : []))
  return cuts.map((from, index) => {
    const counted = open.slice(from, cuts[index + 1])
    const times = counted.map(({ time }) => time)
    return { key, start: Math.min(...times), end: Math.max(...times) + gap, counted }
  })
}

function fixed({ size_ms: size = 0, slide_ms: slide = size }: NaiveOptions, key: string, records: readonly Counted[]) {
  const starts = new Set<number>()
  for (const { time } of records)
    for (let start = Math.floor(time / slide) * slide; start > time - size; start -= slide) starts.add(start)
  return [...starts].map((start) => {
    const counted = records.filter(({ time }) => time >= start && time < start + size)
    return { key, start, end: start + size, counted }
  })
}

/** The end of the last window that the record would be in. */
function lastEndOf(options: NaiveOptions, records: readonly Counted[], record: Counted): number {
  const windows = windowsOver(options, [...records, record])
  return Math.max(...windows.flatMap(({ counted, end }) => (counted.includes(record) ? [end] : [])))
}

function groupsOpen(options: NaiveOptions, records: readonly Counted[], watermark: number): Set<string> {
  return new Set(windowsOver(options, records).flatMap(({ key, end }) => (end > watermark ? [key] : [])))
}

function resultOf(options: NaiveOptions, { key, start, end, counted }: NaiveWindow, late: number | undefined): unknown {
  const values = counted.map(({ amount }) => amount).sort((a, b) => a - b)
  const count = values.length
  const sum = values.reduce((total, value) => total + value, 0)
  const mean = sum / count
  const rank = (percent: number): number | undefined => values[Math.ceil((percent * count) / 100) - 1]
  const all: Record<string, unknown> = {
    count,
    per_second: count / ((end - start) / 1000),
    sum,
    mean,
    min: values[0],
    max: values.at(-1),
    stddev: Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / count),
    p50: rank(50),
    p95: rank(95),
    p99: rank(99),
  }
  return {
    window: { start: new Date(start).toISOString(), end: new Date(end).toISOString() },
    key,
    ...Object.fromEntries(options.aggregates.map((name) => [name, all[name]])),
    ...(late !== undefined && { late }),
  }
}
