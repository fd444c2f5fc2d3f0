import type { LifecycleType } from '#libs/contract'
import {
  PATCH_CHARS,
  type Claim,
  type Commit,
  type DataEntry,
  type Run,
  type StoredEntry,
  type StreamHeader,
  type StreamPatch,
  type Verdict,
} from '#libs/engine'
import { RUN_CHARS, RUN_RESULTS } from '../view/rows.js'
import type { View } from '../view/view.js'

interface PatchDraft {
  header: StreamHeader | null
  readonly incarnation: string
  event?: LifecycleType
  replaces?: string
  readonly runs: { readonly first: number; readonly lines: string[]; chars: number }[]
  /** Made when there is something to remember: most sends are of the kind that cannot be retried. */
  dedupe?: Map<string, string | null>
}

const NOTHING: StreamPatch['dedupe'] = []

/** What a commit may hold besides results, in characters, give or take what one entry adds. */
const BESIDES_CHARS = 1024 * 1024

/** Of a verdict, about. */
const VERDICT_CHARS = 150

/** A commit that forms: what the owner reads goes through it, so that it sees its own changes before anyone else does. */
export class Draft {
  /** Characters of the results in it. */
  chars = 0
  /** Characters of everything else, about. */
  private besides = 0
  private readonly patches = new Map<string, PatchDraft>()
  private readonly verdicts: [string, Verdict][] = []

  constructor(private readonly view: View) {}

  get empty(): boolean {
    return this.patches.size === 0 && this.verdicts.length === 0
  }

  /** Whether it is time to commit it, however few results there are. */
  get full(): boolean {
    return this.besides >= BESIDES_CHARS
  }

  /** Whether it changes another life of the stream, or results of this one, so that a new life needs a commit of its own. */
  holds(stream: string): boolean {
    return this.patches.has(stream)
  }

  /** Whether it tells an event of the stream. */
  announces(stream: string): boolean {
    return this.patches.get(stream)?.event !== undefined
  }

  header(stream: string): StreamHeader | undefined {
    const patch = this.patches.get(stream)
    return patch === undefined ? this.view.headers.get(stream) : (patch.header ?? undefined)
  }

  remembered(header: StreamHeader, key: string): string | undefined {
    const changed = this.patches.get(header.id)?.dedupe?.get(key)
    if (changed !== undefined) return changed ?? undefined
    return this.view.remembered(header.incarnation, key)
  }

  remember(header: StreamHeader, key: string, value: string | null): void {
    const patch = this.patch(header)
    patch.dedupe ??= new Map()
    patch.dedupe.set(key, value)
    this.besides += key.length + (value?.length ?? 0)
  }

  change(header: StreamHeader, event?: LifecycleType): void {
    const patch = this.patch(header)
    patch.header = header
    if (event !== undefined) patch.event = event
  }

  /** A new life of the stream, in place of `former`, whose results go. */
  start(header: StreamHeader, former: StreamHeader | undefined): void {
    this.change(header, 'started')
    if (former !== undefined) this.patch(header).replaces = former.incarnation
  }

  /** The stream is gone, its results with it. */
  remove(header: StreamHeader): void {
    const patch = this.patch(header)
    patch.header = null
    patch.event = 'deleted'
  }

  /** Adds the results of an entry's records from index `from` on, behind the stream's newest result. */
  results({ stream, offset, at }: StoredEntry<DataEntry>, lines: readonly string[], from: number): void {
    const header = this.header(stream)
    if (header === undefined) return
    const patch = this.patch(header)
    let run = patch.runs.at(-1)
    let seq = header.lastSeq
    for (const line of lines) {
      seq++
      if (run === undefined || run.lines.length >= RUN_RESULTS || run.chars + line.length > RUN_CHARS) {
        patch.runs.push((run = { first: seq, lines: [line], chars: line.length }))
      } else {
        run.lines.push(line)
        run.chars += line.length
      }
      this.chars += line.length
    }
    patch.header = { ...header, lastSeq: seq, lastInput: { offset, records: from + lines.length }, activeAt: at }
  }

  verdict(ticket: string | undefined, verdict: Verdict): void {
    if (ticket === undefined) return
    this.verdicts.push([ticket, verdict])
    this.besides += VERDICT_CHARS
  }

  commit({ partition, epoch }: Pick<Claim, 'partition' | 'epoch'>, n: number, to: number, at: number): Commit {
    const streams = [...this.patches].map(([id, patch]): StreamPatch => {
      const { header, incarnation, event, replaces, runs, dedupe } = patch
      return {
        id,
        incarnation,
        header,
        runs: runs satisfies Run[],
        dedupe: dedupe === undefined ? NOTHING : [...dedupe],
        ...(event !== undefined && { event }),
        ...(replaces !== undefined && { replaces }),
      }
    })
    return { partition, epoch, n, to, at, streams, verdicts: this.verdicts }
  }

  private patch(header: StreamHeader): PatchDraft {
    const known = this.patches.get(header.id)
    if (known !== undefined) return known
    const fresh: PatchDraft = { header, incarnation: header.incarnation, runs: [] }
    this.patches.set(header.id, fresh)
    this.besides += PATCH_CHARS
    for (const [name, value] of Object.entries(header.settings.labels)) this.besides += name.length + value.length
    return fresh
  }
}
