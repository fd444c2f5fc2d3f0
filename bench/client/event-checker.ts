import type { Sink } from './sse-reader.js'

export interface CheckedEvent {
  readonly id: string
  readonly seq: number
  readonly data: unknown
}

/** Reads one stream in full: every id one more than the last, of one incarnation, and every event a result that `check` accepts. */
export class EventChecker implements Sink {
  count = 0
  lastAt = 0
  problem: string | undefined
  /** Whether the stream has said that it is over. */
  ended = false
  private id = ''
  private name = ''
  private data: string | undefined
  private incarnation: string | undefined

  /** @param check says what is wrong with an event, or nothing; `previous` is the seq the first event must follow */
  constructor(
    private readonly check: (event: CheckedEvent) => string | undefined,
    private previous = 0,
  ) {}

  take(lines: Buffer): void {
    for (const line of lines.toString('utf8').slice(0, -1).split('\n')) {
      if (line === '') this.dispatch()
      else if (line.startsWith('id: ')) this.id = line.slice(4)
      else if (line.startsWith('data: ')) this.data = line.slice(6)
      else if (line.startsWith('event: ')) this.name = line.slice(7)
    }
  }

  private dispatch(): void {
    const [data, name] = [this.data, this.name]
    this.data = undefined
    this.name = ''
    if (data === undefined) return
    if (name === 'end') this.ended = true
    if (this.ended) return
    this.lastAt = performance.now()
    this.problem ??= name === '' ? this.verify(data) : `event ${name} after seq ${this.previous}`
    this.count++
  }

  private verify(text: string): string | undefined {
    // `<incarnation>-<seq>`; the floor has no incarnations and sends the bare seq.
    const dash = this.id.lastIndexOf('-')
    const incarnation = dash < 0 ? '' : this.id.slice(0, dash)
    const seq = Number(this.id.slice(dash + 1))
    this.incarnation ??= incarnation
    if (incarnation !== this.incarnation) return `id ${this.id} is of another incarnation`
    if (seq !== this.previous + 1) return `id ${this.id} after seq ${this.previous}`
    this.previous = seq
    const result = JSON.parse(text) as { status?: unknown; data?: unknown }
    if (result.status !== 'success') return `result ${seq} is not a success`
    return this.check({ id: this.id, seq, data: result.data })
  }
}
