import { Inject, Injectable } from '@nestjs/common'
import { ApiError, checkStreamId } from '#libs/contract'
import type { Engine, StreamHeader } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { View } from '../view/view.js'

/** Finds streams. That one is not there is said only when everything that was in the log has been seen. */
@Injectable()
export class Directory {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
  ) {}

  /** The stream's header, if it is known and not about to go. */
  peek(id: string): StreamHeader | undefined {
    const header = this.view.headers.get(id)
    return header?.reason === 'deleted' ? undefined : header
  }

  /** @throws ApiError `invalid_stream_id` | `stream_not_found` | `view_behind` */
  async find(id: string): Promise<StreamHeader> {
    const known = this.peek(checkStreamId(id))
    if (known !== undefined) return known
    await this.engine.barrier(this.engine.partitionOf(id))
    const header = this.peek(id)
    if (header === undefined) throw new ApiError('stream_not_found')
    return header
  }
}
