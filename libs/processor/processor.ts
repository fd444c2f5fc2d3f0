/** One record as a processor sees it. */
export interface InputRecord<In = unknown> {
  readonly value: In
  /** Log time at which it was taken, ms since 1970. Never goes back within a stream. */
  readonly at: number
}

/**
 * What a processor may remember of a stream: JSON values by key, kept with the stream's results in one commit. It is there again
 * after a restart and on another replica, as of the last record that counted; of a record that throws nothing is remembered.
 */
export interface State {
  /** A copy of the value; undefined if there is none. */
  get<T>(key: string): T | undefined
  /** @throws StateError for a key or value that is too large, or if the stream would remember too much in all */
  set(key: string, value: unknown): void
  delete(key: string): void
  /** Keys that begin with `prefix`, in the order of JavaScript's texts. */
  keys(prefix?: string): Iterable<string>
}

/** The stream that a record is of. */
export interface StreamContext<Options = unknown> {
  readonly stream: string
  /** As given at the stream's start, with defaults filled in. The same object for as long as the processor's host holds the stream. */
  readonly options: Options
  readonly state: State
  /**
   * When `onTimer` is to be called: log time in ms since 1970, undefined for never. It is called once, by the next record at or after that
   * time or, if none comes, by the clock; also across restarts. One that is no time (NaN, below 0, later than a `Date` goes) fails the input.
   */
  timer: number | undefined
}

/** None, one or many results. */
export type Results<Out = unknown> = Iterable<Out>

/**
 * What is done to the records of a stream, one after the other. One instance serves all streams, so what is to be remembered belongs
 * into the state, and time is the record's: after a crash records are processed again, and must give the same results.
 */
export interface RecordProcessor<In = unknown, Out = unknown, Options = unknown> {
  /** Usually a generator: what it yields are the record's results. If it throws, an error takes their place. */
  process(record: InputRecord<In>, stream: StreamContext<Options>): Results<Out>
  /**
   * The same for consecutive records of one stream, for speed: one list of results for each, in order. What a generator changes of the
   * state before it yields a list belongs to that record. If it throws, the records are processed one by one.
   */
  processBatch?(records: readonly InputRecord<In>[], stream: StreamContext<Options>): Iterable<Results<Out>>
  /** @param at log time, ms since 1970; not before the time that was asked for */
  onTimer?(at: number, stream: StreamContext<Options>): Results<Out>
  /** The stream ends behind its last record: results for what is still open. */
  onEnd?(at: number, stream: StreamContext<Options>): Results<Out>
  /** Says what the schema cannot say of options. @throws OptionsError: the stream is not started */
  check?(options: Options): void
  /** Brings the state of a stream up to the processor's `stateVersion`, before anything else of the stream is processed. */
  upgrade?(from: number, state: State): void
}

/** A JSON Schema (draft 7). */
export type JsonSchema = Readonly<Record<string, unknown>>

export interface ProcessorSettings {
  /** What it does, in a sentence. */
  readonly description?: string
  /** Schema of `processor_options`, an object; without one there are none. Its defaults are filled in. */
  readonly options?: JsonSchema
  /**
   * The same records give the same results, so that these may be read before they are on the disk. Without this readers wait for the
   * disk.
   */
  readonly deterministic?: boolean
  /** It never blocks and takes little memory, so that it may run beside the server's own work. For processors that come with Millrace. */
  readonly safe?: boolean
  /** Of the form of its state, a whole number from 1; `upgrade` is called for state of an older one. */
  readonly stateVersion?: number
}

export interface ProcessorIdentity extends ProcessorSettings {
  readonly name: string
}

/** What a processor's class is known by: {@link Processor} writes it, or the class itself as a static member. */
export interface ProcessorClass {
  readonly processor: ProcessorIdentity
}

/** Makes a class a processor that streams can be started with, as `name`: 1 to 128 of `A-Z a-z 0-9 . _ -`. */
export function Processor(name: string, settings: ProcessorSettings = {}): ClassDecorator {
  return (target) => {
    Object.defineProperty(target, 'processor', { value: Object.freeze({ ...settings, name }) })
  }
}

/** Options that cannot be used: `field` is the bad one, as a path such as `window/size_ms`. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError'

  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message)
  }
}
