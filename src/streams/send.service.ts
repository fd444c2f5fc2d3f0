import { Inject, Injectable } from '@nestjs/common'
import { ApiError, checkStreamId } from '#libs/contract'
import type { DataEntry, Engine, RetryIdentity, StreamHeader } from '#libs/engine'
import type { FastifyRequest } from 'fastify'
import { ENGINE } from '../engine.token.js'
import { View } from '../view/view.js'
import { Decisions } from './decisions.js'
import { Directory } from './directory.js'
import { parseRecords } from './records.js'
import { readRetryIdentity } from './retry-headers.js'

/** What may wait for the processor of one stream, in characters. Beyond it this stream takes no more, so that the others need not wait. */
const MOST_WAITING_CHARS = 4 * 1024 * 1024

/** What may wait for all such streams of a partition. Beyond it none of them takes more: an owner that holds twice as much reads nothing. */
const MOST_TOGETHER_CHARS = 16 * 1024 * 1024

export interface Sent {
  /** Records taken. */
  readonly accepted: number
  /** The same send was taken before. */
  readonly duplicate: boolean
}

/** Takes data in: a send is answered when it is durable, and when it is decided if it can be a retry. */
@Injectable()
export class SendService {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly directory: Directory,
    private readonly decisions: Decisions,
    private readonly view: View,
  ) {}

  /** @throws ApiError of the table; see the call's responses in the OpenAPI document */
  async send(id: string, { headers, body }: Pick<FastifyRequest, 'headers' | 'body'>): Promise<Sent> {
    checkStreamId(id)
    const records = parseRecords(headers['content-type'], body)
    const retry = readRetryIdentity(headers, body)
    const duplicate = retry === undefined ? await this.take(id, records) : await this.decide(id, records, retry)
    return { accepted: records.length, duplicate }
  }

  private async take(id: string, records: readonly string[]): Promise<false> {
    const header = await this.find(id)
    // From there to the append nothing may be awaited: a seal that comes later must stand behind it in the log.
    if (header.status !== 'open') throw new ApiError('stream_closed')
    const { incarnation } = header
    await this.engine.append(this.engine.partitionOf(id), { kind: 'data', stream: id, incarnation, records })
    return false
  }

  /** A send that can be a retry may have been taken before the end: the owner knows. Says whether it was. */
  private async decide(id: string, records: readonly string[], retry: RetryIdentity): Promise<boolean> {
    const { incarnation } = await this.find(id)
    const entry: DataEntry = { kind: 'data', stream: id, incarnation, records, retry }
    try {
      return (await this.decisions.decide(entry)).duplicate
    } catch (error) {
      // Another replica may have started it anew, of which the view has learnt meanwhile.
      const now = this.directory.peek(id)
      const isOver = error instanceof ApiError && error.code === 'stream_closed'
      if (!isOver || now?.status !== 'open' || now.incarnation === incarnation) throw error
      return (await this.decisions.decide({ ...entry, incarnation: now.incarnation })).duplicate
    }
  }

  private async find(id: string): Promise<StreamHeader> {
    const partition = this.engine.partitionOf(id)
    // A view that is still behind the log could take a stream for open that was closed, or started anew, before a restart; and at any time
    // for closed that was started anew by another replica.
    const takesIt = this.engine.caughtUp(partition) && this.directory.peek(id)?.status === 'open'
    if (!takesIt) await this.engine.barrier(partition)
    const header = this.directory.peek(id)
    if (header === undefined) throw new ApiError('stream_not_found')
    const { own, together } = this.view.waiting(partition, id)
    if (own > MOST_WAITING_CHARS || (own > 0 && together > MOST_TOGETHER_CHARS))
      throw new ApiError('overloaded', {
        message: `Processor "${header.settings.processor}" does not keep up with this stream.`,
      })
    return header
  }
}
