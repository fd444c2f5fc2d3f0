import type { State } from './processor.js'

/** Of a key, in bytes of UTF-8. */
export const STATE_KEY_BYTES = 256

export interface StateLimits {
  /** Of one value as JSON, in bytes of UTF-8. */
  readonly valueBytes: number
  /** Of all keys and values of a stream. */
  readonly streamBytes: number
}

export const DEFAULT_STATE_LIMITS: StateLimits = { valueBytes: 64 * 1024, streamBytes: 256 * 1024 }

/** A change of what a stream remembers: a JSON text, or null to forget the key. */
export type StateChange = readonly [key: string, value: string | null]

/** What a stream remembers as of its last record that counted. */
export interface StoredState {
  /** A JSON text. */
  get(key: string): string | undefined
  /** Keys that begin with `prefix`, in no order. */
  keys(prefix: string): Iterable<string>
  /** Of all keys and values, in UTF-8. */
  readonly bytes: number
}

/** State that is all in memory: JSON texts by key. @param bytes of it all, in UTF-8 */
export const storedIn = (rows: ReadonlyMap<string, string>, bytes: number): StoredState => ({
  bytes,
  get: (key) => rows.get(key),
  keys: (prefix) => [...rows.keys()].filter((key) => key.startsWith(prefix)),
})

/** Makes the changes in rows of JSON texts by key. */
export function applyChanges(rows: Map<string, string>, changes: Iterable<StateChange>): void {
  for (const [key, value] of changes) {
    if (value === null) rows.delete(key)
    else rows.set(key, value)
  }
}

export class StateError extends Error {
  override readonly name = 'StateError'
}

/** The state as a processor changes it, record by record, over what is stored. A record's changes count with it or not at all. */
export class StateOverlay implements State {
  /** What counts already, as far as it was changed or looked at: a key is looked up in what is stored only once. */
  private readonly counted = new Map<string, string | null>()
  /** What the present record changes. */
  private readonly changing = new Map<string, string | null>()
  private countedBytes: number
  private isReadOnly = false

  /** Of all keys and values, in UTF-8. */
  bytes: number

  constructor(
    private readonly stored: StoredState,
    private readonly limits: StateLimits,
  ) {
    this.bytes = this.countedBytes = stored.bytes
  }

  get<T>(key: string): T | undefined {
    const text = this.text(key)
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  set(key: string, value: unknown): void {
    const keyBytes = Buffer.byteLength(key)
    if (keyBytes === 0 || keyBytes > STATE_KEY_BYTES)
      throw new StateError(`A key of the state has 1 to ${STATE_KEY_BYTES} bytes, not ${keyBytes}.`)
    if (/\p{Surrogate}/u.test(key)) throw new StateError('A key of the state is no text: it has half a character.')
    const text = JSON.stringify(value) as string | undefined
    if (text === undefined) throw new StateError(`The value of "${key}" cannot be written as JSON.`)
    const valueBytes = Buffer.byteLength(text)
    const { valueBytes: most, streamBytes } = this.limits
    if (valueBytes > most) throw new StateError(`The value of "${key}" has ${valueBytes} bytes; ${most} are allowed.`)
    const bytes = this.bytes - this.bytesOf(key) + keyBytes + valueBytes
    if (bytes > streamBytes && bytes > this.bytes)
      throw new StateError(`The stream would remember ${bytes} bytes; ${streamBytes} are allowed.`)
    this.change(key, text, bytes)
  }

  delete(key: string): void {
    const bytes = this.bytesOf(key)
    if (bytes > 0) this.change(key, null, this.bytes - bytes)
  }

  *keys(prefix = ''): Generator<string> {
    const known = new Set(this.stored.keys(prefix))
    for (const changes of [this.counted, this.changing])
      for (const [key, value] of changes) {
        if (!key.startsWith(prefix)) continue
        if (value === null) known.delete(key)
        else known.add(key)
      }
    yield* [...known].sort()
  }

  /** While this runs, nothing can be changed: there is no record that it would count with. */
  readOnly<T>(work: () => T): T {
    this.isReadOnly = true
    try {
      return work()
    } finally {
      this.isReadOnly = false
    }
  }

  /** What was changed since the last call counts from now on. */
  take(): StateChange[] {
    if (this.changing.size === 0) return []
    const changes = [...this.changing]
    for (const [key, value] of changes) this.counted.set(key, value)
    this.changing.clear()
    this.countedBytes = this.bytes
    return changes
  }

  /** What was changed since then is forgotten. */
  rollBack(): void {
    this.changing.clear()
    this.bytes = this.countedBytes
  }

  private change(key: string, value: string | null, bytes: number): void {
    if (this.isReadOnly) throw new StateError('Here the state cannot be changed: no record would it count with.')
    this.changing.set(key, value)
    this.bytes = bytes
  }

  private text(key: string): string | undefined {
    const changing = this.changing.get(key)
    if (changing !== undefined) return changing ?? undefined
    let counted = this.counted.get(key)
    if (counted === undefined) this.counted.set(key, (counted = this.stored.get(key) ?? null))
    return counted ?? undefined
  }

  private bytesOf(key: string): number {
    const text = this.text(key)
    return text === undefined ? 0 : Buffer.byteLength(key) + Buffer.byteLength(text)
  }
}
