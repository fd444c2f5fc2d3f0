import { createHash } from 'node:crypto'
import {
  OptionsError,
  Processor,
  type InputRecord,
  type RecordProcessor,
  type State,
  type StreamContext,
} from '#libs/processor'
import { fieldReader } from './fields.js'
import { fieldOption, msOption, optionsSchema } from './options.js'
import { perOptions } from './per-options.js'
import { Recent } from './recent.js'

export interface DedupeOptions {
  readonly key_field?: string
  readonly within_ms?: number
  readonly within_records?: number
  readonly max_keys: number
}

/** Keys up to this long are remembered as they are, longer ones as a hash of this length. */
const KEY_CHARS = 23

const POSITION = 'position'

@Processor('dedupe', {
  description: 'Lets a record through unless one with the same key was let through not long before.',
  options: optionsSchema({
    key_field: fieldOption('What makes two records the same: any JSON value. Without it the whole record does.'),
    within_ms: msOption(
      'For how long after a record the same key is dropped. Either this or within_records is needed.',
    ),
    within_records: {
      description: 'For how many records after it the same key is dropped. Either this or within_ms is needed.',
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000_000,
    },
    max_keys: {
      description:
        'So many keys are remembered, those that were let through last. With more in the time, others are forgotten early.',
      type: 'integer',
      minimum: 1,
      maximum: 2_500,
      default: 1_000,
    },
  }),
  deterministic: true,
  safe: true,
})
export class Dedupe implements RecordProcessor<unknown, unknown, DedupeOptions> {
  private readonly keyOf = perOptions(({ key_field: path }: DedupeOptions) => fingerprintReader(path))

  process({ value, at }: InputRecord, { options, state }: StreamContext<DedupeOptions>): readonly unknown[] {
    const { within_ms, within_records = 0, max_keys } = options
    const key = this.keyOf(options)(value)
    const now = within_ms === undefined ? nextPosition(state) : at
    const within = within_ms ?? within_records + 1
    const recent = new Recent<number>(state, max_keys, now, within)
    const found = recent.find(key)
    if (found !== undefined && now - found.value < within) return []
    recent.keep(key, now, found)
    return [value]
  }

  check({ within_ms, within_records }: DedupeOptions): void {
    if ((within_ms === undefined) === (within_records === undefined))
      throw new OptionsError('within_ms', 'Either this or within_records is needed, not both.')
  }
}

/** The number of a record in its stream, from 1. */
function nextPosition(state: State): number {
  const position = (state.get<number>(POSITION) ?? 0) + 1
  state.set(POSITION, position)
  return position
}

/** @throws Error in the reader, if there is nothing at `path` */
function fingerprintReader(path: string | undefined): (value: unknown) => string {
  const read = path === undefined ? (value: unknown): unknown => value : fieldReader(path)
  return (value) => {
    const key = read(value)
    if (key === undefined) throw new Error(`There is no "${path ?? ''}".`)
    const text = JSON.stringify(key)
    if (Buffer.byteLength(text) <= KEY_CHARS) return text
    // 132 bits: nobody finds two texts that share them. No JSON text begins with #.
    return `#${createHash('sha256')
      .update(text)
      .digest('base64url')
      .slice(0, KEY_CHARS - 1)}`
  }
}
