import type { StreamWork } from '../processing/batch.js'

/** Consecutive records of one entry of the input that are out together. */
export interface WorkPiece {
  /** Of the entry. */
  readonly offset: number
  /** Of the first of these records in the entry, from 0. */
  readonly index: number
  /** Log time of the entry, ms since 1970. */
  readonly at: number
  /** JSON texts. */
  readonly records: string[]
}

/** What a job says of consecutive records of an entry. Only the names of the records are sure to be right. */
export interface Answer {
  readonly partition: number
  readonly offset: number
  readonly index: number
  readonly count: number
  /** Should be a list with what came of each of the `count` records. */
  readonly results: unknown
}

/** A message of the work topic, as docs/external-processing.md has it. The records are in it as they came. */
export function encodeWork(partition: number, work: StreamWork, { offset, index, at, records }: WorkPiece): string {
  const { stream, incarnation, options } = work
  const { processor } = work.settings
  const count = records.length
  const head = JSON.stringify({ partition, offset, index, count, stream, incarnation, processor, options, at })
  return `${head.slice(0, -1)},"records":[${records.join()}]}`
}

/** Reads a message of the done topic; undefined if it does not say which records it is about. */
export function decodeAnswer(text: string): Answer | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { partition, offset, index, count, results } = value as Partial<Record<keyof Answer, unknown>>
  if (!isWhole(partition) || !isWhole(offset) || !isWhole(index) || !isWhole(count)) return undefined
  return { partition, offset, index, count, results }
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0
