import type { NamedWork } from './packed.js'

/** The most characters of inputs in one task, unless a single one has more: a worker process holds them several times over. */
export const TASK_CHARS = 4 * 1024 * 1024

const charsOf = ({ inputs }: NamedWork): number =>
  inputs.reduce((sum, input) => sum + (input.kind === 'record' ? input.text.length : 0), 0)

/** Works that are too long for one task. */
export const isLong = (work: NamedWork): boolean => charsOf(work) > TASK_CHARS

/**
 * Shares works out to tasks: at most as many as there are places, unless they would be too long, and with about as many inputs each.
 * The longest works come first, so that the others even out what they leave.
 */
export function shares(works: readonly NamedWork[], places: number): NamedWork[][] {
  const sorted = [...works].sort((a, b) => b.inputs.length - a.inputs.length)
  const open: { works: NamedWork[]; inputs: number; chars: number }[] = []
  const full: NamedWork[][] = []
  for (const work of sorted) {
    const chars = charsOf(work)
    const least = open.length < places ? undefined : open.reduce((a, b) => (b.inputs < a.inputs ? b : a))
    if (least !== undefined && least.chars + chars <= TASK_CHARS) {
      least.works.push(work)
      least.inputs += work.inputs.length
      least.chars += chars
      continue
    }
    if (least !== undefined) full.push(open.splice(open.indexOf(least), 1)[0]?.works ?? [])
    open.push({ works: [work], inputs: work.inputs.length, chars })
  }
  return [...full, ...open.map(({ works }) => works)]
}
