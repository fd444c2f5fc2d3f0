import type { TrialResult } from '#libs/processor'
import { Window } from '../../src/processors/window/window.js'
import type { Client } from './client.js'
import type { Random } from './random.js'
import type { Result } from './streams.js'
import { trialOf } from './trial-of.js'

const FIRST_AT = Date.parse('2026-01-01T00:00:00Z')

export interface Reading {
  readonly t: number
  readonly sensor: string
  /** Null: it cannot be aggregated. */
  readonly value: number | null
}

/** Readings of some sensors in about the order of their times: some are late, a few so late that they do not count, or broken. */
export function readings(count: number, random: Random): Reading[] {
  return Array.from({ length: count }, (_, index) => ({
    t: FIRST_AT + index * 40 - random.int(0, random.chance(0.05) ? 4_000 : 300),
    sensor: random.pick(['a', 'b', 'c']),
    value: random.chance(0.03) ? null : random.int(-50, 50),
  }))
}

/** Options of windows that data alone closes: when it arrives makes no difference. */
export const windowOptions = (windows: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...windows,
  time_field: 't',
  allowed_lateness_ms: 500,
  idle_close_ms: 3_600_000,
  late: 'result',
  key_field: 'sensor',
  value_field: 'value',
  aggregates: ['count', 'sum', 'stddev', 'p95'],
})

/** What one uninterrupted run makes of the readings, and of the stream's end behind them. */
export function uninterrupted(options: Readonly<Record<string, unknown>>, values: readonly Reading[]): TrialResult[] {
  const trial = trialOf(Window, options)
  const at = FIRST_AT + 86_400_000
  return [...values.flatMap((value) => trial.sendEach([{ value, at }])), ...trial.end(at)]
}

/** Results of a server as a trial has them. */
export const asTrial = (results: readonly Result[]): TrialResult[] =>
  results.map(({ status, data, code }) => (status === 'success' ? { data } : { error: String(code) }))

export function inBatches<T>(values: readonly T[], random: Random): T[][] {
  const batches: T[][] = []
  for (let from = 0; from < values.length;) batches.push(values.slice(from, (from += random.int(1, 30))))
  return batches
}

/** Whether a send of the readings was acked: under one key it is one send, however often it is tried. */
export const isTaken = (client: Client, id: string, values: readonly Reading[], key: string): Promise<boolean> =>
  client.ndjson(id, values, { 'idempotency-key': key }).then(
    ({ status }) => status === 200,
    () => false,
  )
