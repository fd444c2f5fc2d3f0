import type { Commit, Run, StreamHeader } from '#libs/engine'
import { RUN_CHARS, RUN_RESULTS } from './rows.js'

/** What consecutive commits change for one life of a stream, taken together. */
export interface MergedPatch {
  readonly id: string
  readonly incarnation: string
  header: StreamHeader | null
  started: boolean
  replaces: string | undefined
  readonly runs: { at: number; readonly first: number; readonly lines: string[]; chars: number }[]
  readonly dedupe: Map<string, string | null>
  readonly state: Map<string, string | null>
  readonly letters: Map<string, string | null>
}

/**
 * Merges the patches of commits that become one transaction: each header is written once, and results of one stream share rows. A row
 * has the time of its newest result.
 */
export function mergePatches(commits: readonly Commit[]): Iterable<MergedPatch> {
  const merged = new Map<string, MergedPatch>()
  for (const commit of commits)
    for (const patch of commit.streams) {
      const { id, incarnation, header, event, replaces } = patch
      let target = merged.get(incarnation)
      if (target === undefined) {
        target = {
          id,
          incarnation,
          header,
          started: false,
          replaces: undefined,
          runs: [],
          dedupe: new Map(),
          state: new Map(),
          letters: new Map(),
        }
        merged.set(incarnation, target)
      }
      target.header = header
      target.started ||= event === 'started'
      target.replaces ??= replaces
      for (const run of patch.runs) append(target, run, commit.at)
      for (const [key, value] of patch.dedupe) target.dedupe.set(key, value)
      for (const [key, value] of patch.state ?? []) target.state.set(key, value)
      for (const [key, value] of patch.letters ?? []) target.letters.set(key, value)
    }
  return merged.values()
}

function append({ runs }: MergedPatch, { first, lines }: Run, at: number): void {
  const last = runs.at(-1)
  const chars = lines.reduce((sum, line) => sum + line.length, 0)
  if (last !== undefined && last.lines.length + lines.length <= RUN_RESULTS && last.chars + chars <= RUN_CHARS) {
    last.lines.push(...lines)
    last.chars += chars
    last.at = at
  } else runs.push({ at, first, lines: [...lines], chars })
}
