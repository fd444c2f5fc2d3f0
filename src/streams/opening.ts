import { HttpException, Inject, Injectable } from '@nestjs/common'
import { ApiError, decodeCursor, encodeCursor, type Cursor, type Reset, type ResetReason } from '#libs/contract'
import type { Engine, StreamHeader } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { isOver } from '../view/rows.js'
import { View } from '../view/view.js'
import { Directory } from './directory.js'

/** What a request says about where to begin. `Last-Event-ID` wins: an EventSource repeats its address. */
export interface Wish {
  readonly lastEventId: string | undefined
  readonly from: unknown
}

/** Where a reader begins: behind `position`; `reset` tells it that this is not where it was. */
export interface Beginning {
  readonly header: StreamHeader
  readonly position: number
  readonly reset?: Reset
}

const ISO_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** Finds where a reader begins, by the table of cursors. */
@Injectable()
export class Openings {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
    private readonly directory: Directory,
  ) {}

  /**
   * @throws ApiError `stream_not_found` | `invalid_cursor` | `view_behind`
   * @throws HttpException 204 if the reader has seen the end: it stops an EventSource
   */
  async find(id: string, { lastEventId, from }: Wish): Promise<Beginning> {
    const header = await this.newest(id)
    if (lastEventId !== undefined && lastEventId !== '') {
      const cursor = decodeCursor(lastEventId)
      return cursor === undefined ? this.reset(header, 'invalid') : this.resume(header, cursor)
    }
    if (from === undefined || from === 'earliest') return { header, position: this.oldest(header) - 1 }
    if (from === 'latest') return { header, position: header.lastSeq }
    if (typeof from !== 'string') throw new ApiError('invalid_cursor')
    if (ISO_TIME.test(from)) return { header, position: this.positionAt(header, from) }
    const cursor = decodeCursor(from)
    if (cursor === undefined || this.belongsElsewhere(header, cursor)) throw new ApiError('invalid_cursor')
    return this.resume(header, cursor)
  }

  /** That a stream is over, or about to be, is said only when no new life of it has been missed. */
  private async newest(id: string): Promise<StreamHeader> {
    const header = await this.directory.find(id)
    if (header.status === 'open') return header
    await this.engine.barrier(this.engine.partitionOf(id))
    return this.directory.find(id)
  }

  private async resume(known: StreamHeader, { incarnation, seq }: Cursor): Promise<Beginning> {
    let header = known
    const seen = (): boolean =>
      header.incarnation === incarnation && (seq === 'end' ? isOver(header) : seq <= header.lastSeq)
    if (!seen()) {
      await this.engine.barrier(this.engine.partitionOf(known.id))
      header = await this.directory.find(known.id)
    }
    if (header.incarnation !== incarnation) return this.reset(header, 'incarnation')
    if (!seen()) return this.reset(header, 'future')
    if (seq === 'end') throw new HttpException('', 204)
    return seq < this.oldest(header) - 1 ? this.reset(header, 'trimmed') : { header, position: seq }
  }

  private reset(header: StreamHeader, reason: ResetReason): Beginning {
    const oldest = this.oldest(header)
    return { header, position: oldest - 1, reset: { reason, oldest, latest: header.lastSeq } }
  }

  private oldest(header: StreamHeader): number {
    return this.view.results.oldest(header.incarnation) ?? header.lastSeq + 1
  }

  private belongsElsewhere(header: StreamHeader, { incarnation }: Cursor): boolean {
    return (this.view.headers.streamOf(incarnation) ?? header.id) !== header.id
  }

  /** Before the first result of the first commit at or after the time: nothing from then on is missed. */
  private positionAt(header: StreamHeader, iso: string): number {
    const time = Date.parse(iso)
    if (Number.isNaN(time)) throw new ApiError('invalid_cursor')
    let [low, high] = [this.oldest(header), header.lastSeq + 1]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((this.view.results.timeOf(header.incarnation, middle) ?? Infinity) >= time) high = middle
      else low = middle + 1
    }
    return low - 1
  }
}

/** The cursor a beginning stands for. */
export const cursorOf = ({ header, position }: Beginning): string => encodeCursor(header.incarnation, position)
