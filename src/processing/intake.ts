import type { DataEntry, StoredEntry, StreamHeader } from '#libs/engine'
import { fade } from './dead-letters.js'
import { Happenings } from './happenings.js'
import { alive, close, expire, start, type Of } from './lifecycle.js'
import { RecordBatch, type RecordBatchPorts } from './record-batch.js'

export interface IntakePorts extends RecordBatchPorts {
  /** Open and closing streams that entries are for which name none, as the view has them. */
  readonly active: () => readonly StreamHeader[]
  /** From here on the draft may hold some of the entry. */
  readonly begun: (entry: StoredEntry) => void
  /** All of the entry is in the draft, or does not count. */
  readonly passed: (entry: StoredEntry) => void
  /** Those of the streams that are closing may have no seal yet. */
  readonly reseal: (streams: readonly StreamHeader[]) => void
}

/**
 * What becomes of input entries, one after the other: records are processed in batches, and everything is decided that must be decided
 * once (retried sends, starts, ends, expiry). All of it goes into the draft.
 */
export class Intake {
  private readonly batch: RecordBatch
  private readonly happenings: Happenings

  constructor(private readonly ports: IntakePorts) {
    this.batch = new RecordBatch(ports)
    this.happenings = new Happenings(ports)
  }

  /** Adds a send to the batch that forms, unless that would fill it. */
  join(entry: StoredEntry<DataEntry>): boolean {
    return this.batch.join(entry)
  }

  async take(entry: StoredEntry): Promise<void> {
    if (entry.kind === 'data') {
      if (!this.join(entry)) await this.batch.take(entry)
      return
    }
    const { begun, commit, draft, passed } = this.ports
    await this.batch.process()
    if (draft().full || this.needsOwnCommit(entry)) await commit()
    begun(entry)
    if (entry.kind === 'tick') await this.tick(entry)
    else if (entry.kind === 'seal') await this.happenings.ends(entry)
    else if (entry.kind === 'replay') await this.batch.replay(entry)
    else this.judge(entry)
    passed(entry)
  }

  /** Processes the batch that forms. */
  process(): Promise<void> {
    return this.batch.process()
  }

  /** A commit between two parts of a tick does not pass it: whoever comes after a crash finds fewer streams due. */
  private async tick(entry: Of<'tick'>): Promise<void> {
    const { active, commit, draft, maxCommitChars, passed, reseal } = this.ports
    // A replica whose clock is ahead of the log's cannot have looked later than the tick was appended.
    const asOf = Math.min(entry.asOf, entry.at)
    await this.happenings.timers(active(), asOf, entry)
    // Without those whose timers take their time.
    const streams = active()
    for (const { id } of streams) {
      fade(draft(), id, asOf)
      if (draft().full || draft().chars >= maxCommitChars) await commit()
    }
    if (!draft().empty) await commit()
    while (expire(draft(), streams, asOf, entry.at)) await commit()
    passed(entry)
    await commit()
    reseal(streams)
  }

  /** A commit tells one event of one life of a stream; and a tick looks at the view's streams, whatever is in the draft. */
  private needsOwnCommit(entry: Exclude<StoredEntry, Of<'data'>>): boolean {
    const draft = this.ports.draft()
    if (entry.kind === 'tick') return true
    if (entry.kind === 'start') return draft.holds(entry.stream)
    if ('stream' in entry) return draft.announces(entry.stream)
    return entry.streams.some(([id]) => draft.announces(id))
  }

  private judge(entry: Of<'start' | 'end' | 'delete' | 'alive'>): void {
    const draft = this.ports.draft()
    if (entry.kind === 'start') start(draft, entry)
    else if (entry.kind === 'alive') alive(draft, entry)
    else close(draft, entry)
  }
}
