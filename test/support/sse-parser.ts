export interface ParsedEvent {
  readonly id: string
  readonly event: string
  readonly data: string
}

export interface SseHandlers {
  /** A block ended: the position moved, with or without an event. */
  id(lastEventId: string): void
  event(event: ParsedEvent): void
  retry(retryMs: number): void
  comment(text: string): void
}

/**
 * The event stream of one connection, parsed as the standard says and not with the product's own codec.
 * A block that the connection's end cuts off is dropped, its id too: that is what makes a resume exact.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class SseParser {
  private readonly decoder = new TextDecoder() // strips one BOM, replaces bad UTF-8, holds back a cut character
  private rest = ''
  private endedWithCr = false
  private data = ''
  private type = ''

  /** `id` persists over connections, as in browsers; a block without an id leaves it as it is. */
  constructor(
    private id: string,
    private readonly handlers: SseHandlers,
  ) {}

  push(chunk: Uint8Array): void {
    let text = this.decoder.decode(chunk, { stream: true })
    if (text === '') return
    // CR alone ends a line, so one at the end of a chunk is acted on at once, and the LF that may follow it is skipped.
    if (this.endedWithCr && text.startsWith('\n')) text = text.slice(1)
    this.endedWithCr = text.endsWith('\r')
    const [first = '', ...others] = text.split(/\r\n|\n|\r/)
    this.rest += first
    for (const next of others) {
      this.line(this.rest)
      this.rest = next
    }
  }

  private line(line: string): void {
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (line === '') this.dispatch()
    else if (colon === 0) this.handlers.comment(line.slice(1))
    else if (field === 'data') this.data += `${value}\n`
    else if (field === 'event') this.type = value
    else if (field === 'id' && !value.includes('\0')) this.id = value
    else if (field === 'retry' && /^[0-9]+$/.test(value)) this.handlers.retry(Number(value))
  }

  private dispatch(): void {
    const { id, type, data } = this
    this.type = ''
    this.data = ''
    this.handlers.id(id)
    if (data !== '') this.handlers.event({ id, event: type === '' ? 'message' : type, data: data.slice(0, -1) })
  }
}
