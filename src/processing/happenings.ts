import { STREAMS_TOGETHER, type StoredEntry, type StreamHeader } from '#libs/engine'
import { charsOf, type Input } from '#libs/processor'
import type { Asking, StreamOutcomes } from './batch.js'
import type { Forming } from './draft.js'
import { sealed, type Of } from './lifecycle.js'
import { workOf } from './record-batch.js'

/**
 * What processors are called for without a record: timers that are due, and ends. What comes of it and that it has happened are in one
 * commit for each stream, so that whoever reads the entry again after a crash calls nobody twice.
 */
export class Happenings {
  constructor(private readonly ports: Asking & Forming) {}

  /** Calls the processors of open streams whose timer is due at `at`, in log time. */
  async timers(streams: readonly StreamHeader[], at: number, tick: Of<'tick'>): Promise<void> {
    const due = streams.flatMap(({ id }) => {
      const header = this.ports.draft().header(id)
      return header?.status === 'open' && header.timer !== undefined && header.timer <= at ? [header] : []
    })
    due.sort((a, b) => (a.id < b.id ? -1 : 1))
    for (let from = 0; from < due.length; from += STREAMS_TOGETHER)
      await this.call(due.slice(from, from + STREAMS_TOGETHER), { kind: 'timer', at }, () => tick)
  }

  /** The streams are over: nothing behind the entry counts for them. */
  async ends(seal: Of<'seal'>): Promise<void> {
    const closing = seal.streams.flatMap(([id, incarnation]) => {
      const header = this.ports.draft().header(id)
      return header?.incarnation === incarnation && header.status === 'closing' ? [header] : []
    })
    for (const header of closing) if (header.reason === 'deleted') this.ports.draft().remove(header)
    const ending = closing.filter(({ reason }) => reason !== 'deleted')
    const sealOf = ({ id, incarnation }: StreamHeader): Of<'seal'> => ({ ...seal, streams: [[id, incarnation]] })
    await this.call(ending, { kind: 'end', at: seal.at }, sealOf)
  }

  /** @param entryOf what of the entry is for the stream */
  private async call(
    headers: readonly StreamHeader[],
    input: Input,
    entryOf: (header: StreamHeader) => StoredEntry,
  ): Promise<void> {
    const { ask, draft, commit, leave, maxCommitChars } = this.ports
    if (headers.length === 0) return
    const answers = await ask(headers.map((header) => workOf(draft(), header, [input])))
    const late = headers.filter((_header, index) => answers[index] === undefined)
    for (const header of late) leave(header.id, entryOf(header))
    for (const [index, header] of headers.entries()) {
      const answer = answers[index]
      if (answer === undefined) continue
      // One that has none was left out: too much came of those before.
      const first = answer.outcomes.length === 1 ? answer : undefined
      const { outcomes, again } = first ?? (await this.callOne(header, input))
      const chars = outcomes.reduce((sum, outcome) => sum + charsOf(outcome), 0)
      const { chars: before, full } = draft()
      if (full || (before > 0 && before + chars > maxCommitChars)) await commit()
      const changed = draft().happening(header, outcomes, input.at)
      draft().again &&= again
      if (input.kind === 'timer') continue
      const over = sealed(changed, input.at)
      draft().change(over, over.status)
    }
  }

  private async callOne(header: StreamHeader, input: Input): Promise<StreamOutcomes> {
    const { askLong, draft } = this.ports
    const answer = await askLong(workOf(draft(), header, [input]))
    if (answer?.outcomes.length !== 1)
      throw new Error(`A processor was called, and ${answer?.outcomes.length} outcomes came of it.`)
    return answer
  }
}
