import { Inject, Injectable } from '@nestjs/common'
import { ApiError, type StreamDescription } from '#libs/contract'
import type { Engine, StreamHeader } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { pageLimit } from '../http/query.js'
import { View } from '../view/view.js'
import { Directory } from './directory.js'
import { Readers } from './readers.js'

/** Headers read before the event loop gets a turn. */
const SLICE = 200
const STATUSES: readonly unknown[] = ['open', 'closing', 'ended', 'expired']

export interface StreamList {
  readonly streams: readonly StreamDescription[]
  /** Ask `?after=` this for the next page; missing on the last one. */
  readonly next?: string
}

/** Says what is known of streams. */
@Injectable()
export class Descriptions {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
    private readonly directory: Directory,
    private readonly readers: Readers,
  ) {}

  async describe(id: string): Promise<StreamDescription> {
    return this.row(await this.directory.find(id))
  }

  /** Streams in order of their ids. `label` is `name` or `name:value`. @throws ApiError `invalid_request` | `view_behind` */
  async list(query: Readonly<Record<string, unknown>>): Promise<StreamList> {
    const { after = '', status, label, limit } = query
    const most = pageLimit(limit)
    if (status !== undefined && !STATUSES.includes(status))
      throw invalid(`status must be one of ${STATUSES.join(', ')}.`)
    if (typeof after !== 'string' || (label !== undefined && typeof label !== 'string'))
      throw invalid('after and label must each be given once.')
    await this.everythingSeen()
    const streams: StreamDescription[] = []
    for await (const header of this.headers(after)) {
      if (header.reason === 'deleted' || (status !== undefined && header.status !== status)) continue
      if (label !== undefined && !hasLabel(header, label)) continue
      if (streams.length === most) return { streams, next: streams.at(-1)?.stream_id ?? after }
      streams.push(this.row(header))
    }
    return { streams }
  }

  /** Headers in id order; between slices of them the event loop gets a turn, since a filter may pass by all there are. */
  private async *headers(after: string): AsyncGenerator<StreamHeader> {
    for (let last: string | undefined = after; last !== undefined;) {
      const slice: readonly StreamHeader[] = this.view.headers.page(last, SLICE)
      yield* slice
      last = slice.length < SLICE ? undefined : slice.at(-1)?.id
      await new Promise(setImmediate)
    }
  }

  /** That a stream is not there is seen only behind a barrier. */
  private async everythingSeen(): Promise<void> {
    const partitions = Array.from({ length: this.engine.partitions }, (_, partition) => partition)
    await Promise.all(partitions.map((partition) => this.engine.barrier(partition)))
  }

  private row(header: StreamHeader): StreamDescription {
    const { id, incarnation, settings, status, startedAt, activeAt, lastSeq } = header
    const partition = this.engine.partitionOf(id)
    return {
      stream_id: id,
      incarnation,
      stream_status: status,
      processor: settings.processor,
      labels: settings.labels,
      started_at: new Date(startedAt).toISOString(),
      last_activity_at: new Date(activeAt).toISOString(),
      idle_timeout_ms: settings.idleTimeoutMs,
      retention_ms: settings.retentionMs,
      oldest: this.view.results.oldest(incarnation) ?? lastSeq + 1,
      latest: lastSeq,
      dead_letters: this.view.deadLetters.count(header, this.engine.now()),
      readers: this.readers.readersOf(incarnation),
      // A replica that appends little knows the log's end from the commits.
      lag: Math.max(this.engine.end(partition), this.view.taken(partition)) - this.view.reached(partition, id),
    }
  }
}

function hasLabel({ settings }: StreamHeader, label: string): boolean {
  const colon = label.indexOf(':')
  if (colon === -1) return Object.hasOwn(settings.labels, label)
  return settings.labels[label.slice(0, colon)] === label.slice(colon + 1)
}

const invalid = (message: string): ApiError => new ApiError('invalid_request', { message })
