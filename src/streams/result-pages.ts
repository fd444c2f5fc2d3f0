import type { ServerResponse } from 'node:http'
import { Injectable } from '@nestjs/common'
import { ApiError, encodeCursor, type CloseReason, type Reset } from '#libs/contract'
import type { StreamHeader } from '#libs/engine'
import { Observable, firstValueFrom, race, timer } from 'rxjs'
import { Connections } from '../http/connections.js'
import { pageLimit, wholeNumber } from '../http/query.js'
import { isOver } from '../view/rows.js'
import { View } from '../view/view.js'
import { Openings, type Beginning, type Wish } from './opening.js'
import { PageBudget } from './page-budget.js'
import { Readers } from './readers.js'

const MAX_WAIT_MS = 30_000
const PAGE_CHARS = 1_048_576

interface ResultPage {
  /** JSON of the results in order, each as in its event, with its cursor as `id`. */
  readonly results: readonly string[]
  /** Ask `?from=` this for what comes next. */
  readonly next: string
  /** The page does not begin where it was asked to. */
  readonly reset?: Reset
  /** The stream is over and this was all of it. */
  readonly end?: { readonly reason: string }
}

interface PageOptions {
  readonly limit: unknown
  readonly wait: unknown
}

/** Results as pages of JSON, with long-poll. */
@Injectable()
export class ResultPages {
  constructor(
    private readonly budget: PageBudget,
    private readonly connections: Connections,
    private readonly view: View,
    private readonly openings: Openings,
    private readonly readers: Readers,
  ) {}

  /**
   * A page as JSON, which counts against the budget until the response is over.
   * @throws ApiError as {@link Openings.find}, `invalid_request` | `overloaded` | `shutting_down`
   */
  async read(response: ServerResponse, id: string, wish: Wish, options: PageOptions): Promise<Buffer> {
    const limit = pageLimit(options.limit)
    const waitMs = wholeNumber('wait', options.wait ?? 0, 0, MAX_WAIT_MS)
    const beginning = await this.openings.find(id, wish)
    let page = this.page(beginning, limit)
    const says = page.results.length > 0 || page.reset !== undefined || page.end !== undefined
    if (!says && waitMs > 0) {
      // Nothing is awaited between the look and the subscription, so no frame is missed.
      await this.wait(response, beginning.header, waitMs)
      page = this.page(beginning, limit)
    }
    // Nothing is awaited between the look and the charge either: clients may ask for any number of pages before they read one.
    const body = encodePage(id, page)
    if (!this.budget.hold(response, body.length)) throw new ApiError('overloaded')
    return body
  }

  /** Until there is news of the stream, or nobody waits any more. Who waits is a reader: counted, and a sign of the stream's life. */
  private async wait(response: ServerResponse, { id, incarnation }: StreamHeader, waitMs: number): Promise<void> {
    const leave = this.readers.wait([id, incarnation])
    const gone = new Observable<void>((waiting) => {
      this.connections.whenOver(response, () => {
        waiting.next()
      })
    })
    const news = this.view.live(incarnation)
    await firstValueFrom(race(news, timer(waitMs), this.readers.sentOff, gone), { defaultValue: undefined })
    leave()
  }

  private page({ header, position, reset }: Beginning, limit: number): ResultPage {
    const { incarnation } = header
    const results: string[] = []
    let next = position
    for (const run of this.view.results.page(incarnation, position, PAGE_CHARS, limit)) {
      for (const [index, line] of run.lines.entries()) {
        if (results.length === limit) break
        next = run.first + index
        results.push(`{"id":"${encodeCursor(incarnation, next)}",${line.slice(1)}`)
      }
    }
    const reason = this.endReason(header, next)
    return {
      results,
      next: encodeCursor(incarnation, next),
      ...(reset !== undefined && { reset }),
      ...(reason !== undefined && { end: { reason } }),
    }
  }

  /** Why nothing comes behind `position`; undefined where something may. Whoever reads a former life is told so when it comes back. */
  private endReason({ id, incarnation }: StreamHeader, position: number): string | undefined {
    const now = this.view.headers.get(id)
    if (now === undefined) return 'deleted' satisfies CloseReason
    const over = now.incarnation === incarnation && isOver(now) && position === now.lastSeq
    return over ? (now.reason ?? 'ended') : undefined
  }
}

/** Not parsed and made anew: values in memory can take many times the room of their text, and the page is charged for its text. */
function encodePage(id: string, { results, ...rest }: ResultPage): Buffer {
  const head = `{"status":"success","message":"Results of stream ${id}","results":[`
  return Buffer.from(`${head}${results.join()}],${JSON.stringify(rest).slice(1)}`)
}
