import { randomBytes, randomUUID } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import { ApiError, checkStreamId } from '#libs/contract'
import type { StreamSettings } from '#libs/engine'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Processors } from '../processors/processors.js'
import { View } from '../view/view.js'
import { Decisions } from './decisions.js'
import { Directory } from './directory.js'
import type { StartRequest } from './start.dto.js'

/** Characters of the options' JSON: each open stream holds its own, and they are written with every commit that changes it. */
const MAX_OPTIONS_CHARS = 4_096
const MAX_LABELS = 16
const MAX_LABEL_NAME = 64
const MAX_LABEL_VALUE = 256
const DEFAULT_PROCESSOR = 'uppercase'

const NONE = Object.freeze({})

/** Starts, ends and deletes streams: the owner decides, in log order. */
@Injectable()
export class LifecycleService {
  /** By processor, of streams that leave the rest to the server. One for all: it is held for as long as any of them is open. */
  private readonly defaults = new Map<string, StreamSettings>()

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly view: View,
    private readonly directory: Directory,
    private readonly decisions: Decisions,
    private readonly processors: Processors,
  ) {}

  /** Starts a stream under `id`, or under one made here. @throws ApiError */
  async start(id: string | undefined, request: StartRequest): Promise<{ stream_id: string; incarnation: string }> {
    if (id !== undefined && (request.stream_id ?? id) !== id) throw invalid('stream_id is in the address already.')
    const stream = checkStreamId(id ?? request.stream_id ?? randomUUID())
    const settings = await this.settings(request)
    if (this.view.headers.active.size >= this.config.maxOpenStreams)
      throw new ApiError('overloaded', {
        message: 'The server holds as many open streams as it may (MAX_OPEN_STREAMS).',
      })
    const incarnation = randomBytes(8).toString('hex')
    await this.decisions.decide({ kind: 'start', stream, incarnation, settings })
    return { stream_id: stream, incarnation }
  }

  /** Ends or deletes a stream; to end again is fine. @throws ApiError */
  async close(kind: 'end' | 'delete', id: string): Promise<void> {
    await this.directory.find(id)
    await this.decisions.decide({ kind, stream: id })
  }

  private async settings(request: StartRequest): Promise<StreamSettings> {
    // Null is the same as no value, as it is for the checks before.
    const processor = this.processors.find(request.processor ?? DEFAULT_PROCESSOR)
    const labels = request.labels ?? NONE
    const given = request.processor_options ?? NONE
    if (JSON.stringify(given).length > MAX_OPTIONS_CHARS)
      throw invalid(`processor_options must be at most ${MAX_OPTIONS_CHARS} characters of JSON.`)
    const options = await processor.optionsFor(given)
    const retentionMs = request.retention_ms ?? this.config.resultRetentionMs
    if (retentionMs > this.config.resultRetentionMs)
      throw invalid(`retention_ms must be at most the server's, ${this.config.resultRetentionMs}.`)
    checkLabels(labels)
    const idleTimeoutMs = request.idle_timeout_ms ?? this.config.streamIdleTimeoutMs
    const settings = { processor: processor.name, options, labels, retentionMs, idleTimeoutMs }
    const own =
      request.processor_options ?? request.labels ?? request.retention_ms ?? request.idle_timeout_ms ?? undefined
    // Names that are not known here are without number.
    return own === undefined && this.processors.all.has(processor.name) ? this.sharedOf(settings) : settings
  }

  private sharedOf(settings: StreamSettings): StreamSettings {
    const known = this.defaults.get(settings.processor) ?? Object.freeze(settings)
    this.defaults.set(settings.processor, known)
    return known
  }
}

function checkLabels(labels: Record<string, unknown>): void {
  const rows = Object.entries(labels)
  const fits = rows.every(
    ([name, value]) =>
      name.length > 0 && name.length <= MAX_LABEL_NAME && typeof value === 'string' && value.length <= MAX_LABEL_VALUE,
  )
  if (rows.length > MAX_LABELS || !fits)
    throw invalid(
      `labels: at most ${MAX_LABELS}, names of 1 to ${MAX_LABEL_NAME} characters, texts of at most ${MAX_LABEL_VALUE}.`,
    )
}

const invalid = (message: string): ApiError => new ApiError('invalid_request', { message })
