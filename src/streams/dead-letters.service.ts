import type { ServerResponse } from 'node:http'
import { Inject, Injectable } from '@nestjs/common'
import { ApiError, RESULT_ERRORS, checkStreamId, encodeCursor } from '#libs/contract'
import type { Engine, StreamHeader } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { pageLimit, wholeNumber } from '../http/query.js'
import type { DeadLetter } from '../view/dead-letters.js'
import { View } from '../view/view.js'
import { Decisions } from './decisions.js'
import { Directory } from './directory.js'
import { PageBudget } from './page-budget.js'

/** Records that failed: as pages of JSON, and sent again. */
@Injectable()
export class DeadLettersService {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
    private readonly directory: Directory,
    private readonly decisions: Decisions,
    private readonly budget: PageBudget,
  ) {}

  /**
   * A page as JSON, which counts against the budget until the response is over. It is at most as large as all that is kept of a stream.
   * @throws ApiError `invalid_stream_id` | `invalid_request` | `stream_not_found` | `view_behind` | `overloaded`
   */
  async read(response: ServerResponse, id: string, query: Readonly<Record<string, unknown>>): Promise<Buffer> {
    const limit = pageLimit(query.limit)
    const after = wholeNumber('after', query.after ?? 0, 0, Number.MAX_SAFE_INTEGER)
    const header = await this.newest(id)
    const letters = this.view.deadLetters.page(header, after, limit + 1, this.engine.now())
    const body = encodePage(header, letters.slice(0, limit), letters.length > limit)
    if (!this.budget.hold(response, body.length)) throw new ApiError('overloaded')
    return body
  }

  /** Sends the record of a dead letter again. Where the letter is gone, it was decided so in log order. @throws ApiError */
  async replay(id: string, letter: string): Promise<void> {
    const seq = wholeNumber('seq', letter, 1, Number.MAX_SAFE_INTEGER)
    const { incarnation } = await this.newest(id)
    await this.decisions.decide({ kind: 'replay', stream: id, incarnation, seq })
  }

  /** The stream as it is now: that there are no letters, or of which life, cannot be told from a view that may be behind. */
  private async newest(id: string): Promise<StreamHeader> {
    await this.engine.barrier(this.engine.partitionOf(checkStreamId(id)))
    return this.directory.find(id)
  }
}

/** Records as they are kept: values in memory can take many times the room of their text, and the page is charged for its text. */
function encodePage({ id, incarnation }: StreamHeader, letters: readonly DeadLetter[], more: boolean): Buffer {
  const rows = letters.map(({ seq, code, at, record }) => {
    const row = {
      id: encodeCursor(incarnation, seq),
      seq,
      code,
      message: RESULT_ERRORS[code],
      at: new Date(at).toISOString(),
    }
    return record === undefined ? JSON.stringify(row) : `${JSON.stringify(row).slice(0, -1)},"record":${record}}`
  })
  const next = more ? `,"next":${letters.at(-1)?.seq}` : ''
  return Buffer.from(
    `{"status":"success","message":"Dead letters of stream ${id}","dead_letters":[${rows.join()}]${next}}`,
  )
}
