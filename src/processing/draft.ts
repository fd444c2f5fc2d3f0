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
import type { Outcome, StoredState } from '#libs/processor'
import type { LetterRows } from '../view/dead-letters.js'
import { RUN_CHARS, RUN_RESULTS } from '../view/rows.js'

interface PatchDraft {
  header: StreamHeader | null
  readonly incarnation: string
  event?: LifecycleType
  replaces?: string
  readonly runs: { readonly first: number; readonly lines: string[]; chars: number }[]
  /** Made when there is something to remember: most sends are of the kind that cannot be retried. */
  dedupe?: Map<string, string | null>
  /** Made when the processor remembers something. */
  state?: Map<string, string | null>
  /** Made when a record fails, or a dead letter goes. */
  letters?: Map<string, string | null>
}

const NOTHING: StreamPatch['dedupe'] = []

/** What a commit may hold besides results, in characters, give or take what one entry adds. */
const BESIDES_CHARS = 1024 * 1024

/** Of a verdict, about. */
const VERDICT_CHARS = 150

/** @param value undefined if there is no such change */
const charsOfChange = (key: string, value: string | null | undefined): number =>
  value === undefined ? 0 : key.length + (value?.length ?? 0)

/** Where a commit stands, in its epoch and in the input. */
type Place = Pick<Commit, 'n' | 'to' | 'spread' | 'at'>

/** The commit that forms. */
export interface Forming {
  /** Results that it may hold, in characters. */
  readonly maxCommitChars: number
  /** What it holds by now. */
  readonly draft: () => Draft
  /** Commits it: there is a new draft then. */
  readonly commit: () => Promise<void>
}

/** What a draft changes: the view, or another draft. */
export interface Known {
  header(stream: string): StreamHeader | undefined
  /** What is remembered of a stream's retried sends under `key`. */
  remembered(header: StreamHeader, key: string): string | undefined
  /** What a stream's processor remembers. */
  stateOf(header: StreamHeader): StoredState
  /** Rows of a stream's dead letters. */
  lettersOf(header: StreamHeader): LetterRows
}

/** A commit that forms: what the owner reads goes through it, so that it sees its own changes before anyone else does. */
export class Draft implements Known {
  /** Characters of the results, of dead letters, and of what processors remember, in it. */
  chars = 0
  /** Whether the same input would give the same commit again. */
  again = true
  /** Characters of everything else, about. */
  private besides = 0
  private readonly patches = new Map<string, PatchDraft>()
  private readonly verdicts: [string, Verdict][] = []

  constructor(private readonly known: Known) {}

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
    return patch === undefined ? this.known.header(stream) : (patch.header ?? undefined)
  }

  remembered(header: StreamHeader, key: string): string | undefined {
    const changed = this.patches.get(header.id)?.dedupe?.get(key)
    if (changed !== undefined) return changed ?? undefined
    return this.known.remembered(header, key)
  }

  stateOf(header: StreamHeader): StoredState {
    const before = this.known.stateOf(header)
    const changed = this.patches.get(header.id)?.state
    return changed === undefined ? before : { ...overlaid(before, changed), bytes: header.state?.bytes ?? 0 }
  }

  lettersOf(header: StreamHeader): LetterRows {
    const before = this.known.lettersOf(header)
    const changed = this.patches.get(header.id)?.letters
    return changed === undefined ? before : overlaid(before, changed)
  }

  remember(header: StreamHeader, key: string, value: string | null): void {
    const patch = this.patch(header)
    patch.dedupe ??= new Map()
    patch.dedupe.set(key, value)
    this.besides += key.length + (value?.length ?? 0)
  }

  /** Changes a row of the stream's dead letters. */
  keepLetter(header: StreamHeader, key: string, value: string | null): void {
    const patch = this.patch(header)
    this.keep((patch.letters ??= new Map()), [[key, value]])
  }

  change(header: StreamHeader, event?: LifecycleType): void {
    const patch = this.patch(header)
    patch.header = header
    if (event !== undefined) patch.event = event
  }

  /** Says again what was known before: the header, all that its processor remembers, its dead letters. */
  renew(header: StreamHeader, at: number): void {
    const { state, letters } = header
    const full = { state: state && { ...state, fullAt: at }, letters: letters && { ...letters, fullAt: at } }
    this.change({ ...header, renewedAt: at, ...full })
    const patch = this.patch(header)
    if (state !== undefined) this.keep((patch.state ??= new Map()), rowsOf(this.known.stateOf(header)))
    if (letters !== undefined) this.keep((patch.letters ??= new Map()), rowsOf(this.known.lettersOf(header)))
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

  /** Adds what came of an entry's records from index `from` on. */
  records({ stream, offset, at }: StoredEntry<DataEntry>, outcomes: readonly Outcome[], from: number): void {
    const header = this.header(stream)
    if (header === undefined) return
    const patch = this.patch(header)
    const changed = this.add(patch, header, outcomes, at)
    patch.header = { ...changed, lastInput: { offset, records: from + outcomes.length }, activeAt: at }
  }

  /** Adds what came of the clock, or of the stream's end. */
  happening(header: StreamHeader, outcomes: readonly Outcome[], at: number): StreamHeader {
    const patch = this.patch(header)
    return (patch.header = this.add(patch, header, outcomes, at))
  }

  verdict(ticket: string | undefined, verdict: Verdict): void {
    if (ticket === undefined) return
    this.verdicts.push([ticket, verdict])
    this.besides += VERDICT_CHARS
  }

  commit({ partition, epoch }: Pick<Claim, 'partition' | 'epoch'>, { n, to, spread, at }: Place): Commit {
    const streams = [...this.patches].map(([id, patch]): StreamPatch => {
      const { header, incarnation, event, replaces, runs, dedupe, state, letters } = patch
      return {
        id,
        incarnation,
        header,
        runs: runs satisfies Run[],
        dedupe: dedupe === undefined ? NOTHING : [...dedupe],
        ...(event !== undefined && { event }),
        ...(replaces !== undefined && { replaces }),
        ...(state !== undefined && { state: [...state] }),
        ...(letters !== undefined && { letters: [...letters] }),
      }
    })
    return { partition, epoch, n, to, ...(spread && { spread }), at, streams, verdicts: this.verdicts }
  }

  /** Adds results behind the stream's newest, and what its processor remembers; returns the header as it is then. */
  private add(patch: PatchDraft, header: StreamHeader, outcomes: readonly Outcome[], at: number): StreamHeader {
    let run = patch.runs.at(-1)
    let { lastSeq, state } = header
    for (const { lines, state: changed } of outcomes) {
      for (const line of lines) {
        lastSeq++
        if (run === undefined || run.lines.length >= RUN_RESULTS || run.chars + line.length > RUN_CHARS) {
          patch.runs.push((run = { first: lastSeq, lines: [line], chars: line.length }))
        } else {
          run.lines.push(line)
          run.chars += line.length
        }
        this.chars += line.length
      }
      if (changed !== undefined) {
        const { bytes, version, changes } = changed
        state = bytes === 0 ? undefined : { bytes, version, fullAt: state?.fullAt ?? at }
        this.keep((patch.state ??= new Map()), changes)
      }
    }
    const timer = outcomes.length === 0 ? header.timer : outcomes.at(-1)?.timer
    return { ...header, lastSeq, state, timer }
  }

  private keep(rows: Map<string, string | null>, changes: StreamPatch['dedupe']): void {
    for (const [key, value] of changes) {
      this.chars += charsOfChange(key, value) - charsOfChange(key, rows.get(key))
      rows.set(key, value)
    }
  }

  private patch(header: StreamHeader): PatchDraft {
    const known = this.patches.get(header.id)
    if (known !== undefined) return known
    const fresh: PatchDraft = { header, incarnation: header.incarnation, runs: [] }
    this.patches.set(header.id, fresh)
    this.besides += PATCH_CHARS
    const { labels, options } = header.settings
    for (const [name, value] of Object.entries(labels)) this.besides += name.length + value.length
    this.besides += JSON.stringify(options).length
    return fresh
  }
}

/** Rows as they are with changes of them. */
function overlaid(before: LetterRows, changed: ReadonlyMap<string, string | null>): LetterRows {
  return {
    get: (key) => {
      const value = changed.get(key)
      return value === undefined ? before.get(key) : (value ?? undefined)
    },
    keys: (prefix) => {
      const keys = new Set(before.keys(prefix))
      for (const [key, value] of changed)
        if (value === null) keys.delete(key)
        else if (key.startsWith(prefix)) keys.add(key)
      return keys
    },
  }
}

const rowsOf = (stored: LetterRows): StreamPatch['dedupe'] =>
  [...stored.keys('')].map((key) => [key, stored.get(key) ?? null] as const)
