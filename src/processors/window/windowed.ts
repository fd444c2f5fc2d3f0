import type { InputRecord, RecordProcessor, Results, StreamContext } from '#libs/processor'
import { perOptions } from '../per-options.js'
import type { Windows } from './windows.js'

/** A processor whose results are what windows of time have counted. */
export abstract class Windowed<Options extends object> implements RecordProcessor<unknown, unknown, Options> {
  private readonly windowsOf = perOptions((options: Options) => this.windows(options))

  process(record: InputRecord, stream: StreamContext<Options>): Results {
    return this.windowsOf(stream.options).add(record, stream)
  }

  onTimer(at: number, stream: StreamContext<Options>): Results {
    return this.windowsOf(stream.options).onTimer(at, stream)
  }

  onEnd(_at: number, stream: StreamContext<Options>): Results {
    return this.windowsOf(stream.options).end(stream)
  }

  check(options: Options): void {
    this.windows(options)
  }

  /** @throws OptionsError for options that do not go together */
  protected abstract windows(options: Options): Windows
}
