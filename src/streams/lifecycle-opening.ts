import { Inject, Injectable } from '@nestjs/common'
import { ApiError, decodeFeedCursor, type FeedCursor, type FeedReset } from '#libs/contract'
import type { Engine } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { View } from '../view/view.js'
import type { Wish } from './opening.js'

/** Where a reader of the feed begins; `reset` tells it why this is not where it was. */
export interface FeedBeginning {
  readonly position: FeedCursor
  readonly reset?: FeedReset['reason']
}

/** Finds where a reader of the feed begins. That its place was trimmed the source says, whenever it happens. */
@Injectable()
export class LifecycleOpenings {
  constructor(
    @Inject(ENGINE) private readonly engine: Pick<Engine, 'barrier' | 'partitions'>,
    private readonly view: View,
  ) {}

  /** @throws ApiError `invalid_cursor` | `view_behind` */
  async find({ lastEventId, from }: Wish): Promise<FeedBeginning> {
    const { earliest, latest } = this.view.lifecycle
    if (lastEventId !== undefined && lastEventId !== '') {
      const position = this.decode(lastEventId)
      return position === undefined ? { position: earliest, reset: 'invalid' } : this.resume(position)
    }
    if (from === undefined || from === 'earliest') return { position: earliest }
    if (from === 'latest') return { position: latest }
    const position = this.decode(from)
    if (position === undefined) throw new ApiError('invalid_cursor')
    return this.resume(position)
  }

  private async resume(position: FeedCursor): Promise<FeedBeginning> {
    const { lifecycle } = this.view
    if (lifecycle.knows(position)) return { position }
    await Promise.all(position.map((_, partition) => this.engine.barrier(partition)))
    return lifecycle.knows(position) ? { position } : { position: lifecycle.earliest, reset: 'future' }
  }

  private decode(text: unknown): FeedCursor | undefined {
    return typeof text === 'string' ? decodeFeedCursor(text, this.engine.partitions) : undefined
  }
}
