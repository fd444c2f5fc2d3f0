import type { ResultErrorCode } from '#libs/contract'
import { charsOf, failedOutcome, type Input, type Outcome } from '#libs/processor'
import { CarriedWork } from './carried-work.js'
import { Death } from './death.js'
import type { Answer, Task } from './messages.js'
import { packWork, unpackOutcomes, type NamedWork } from './packed.js'
import type { Place } from './pool.js'

/** Inputs of one batch of a stream that may end their process; each takes seconds, in which other streams wait. */
export const MOST_DEATHS = 5

/**
 * No more inputs are run by themselves than this takes, in ms, from the first on, unless the last one has ended its process. What a task
 * did before it ended its process took 100 ms, so the one that ended it is among them, and the next task goes on behind it.
 */
const LONGEST_MS = 1_000

/**
 * Runs each input as a task of its own, in a process that begins with the first, so that what ends a process shows which input it is.
 * Returns what came of them, and how those ended their process that did. Stops once what came of them has more than `together` characters,
 * or {@link MOST_DEATHS} of them have ended theirs, or it has taken its time: others wait for the place.
 */
export async function oneByOne(
  place: Place,
  work: NamedWork,
  together: number,
): Promise<{ outcomes: readonly Outcome[]; codes: readonly ResultErrorCode[] }> {
  const carried = new CarriedWork(work)
  const codes: ResultErrorCode[] = []
  let left = together
  let until = Infinity
  place.renew()
  for (const input of work.inputs) {
    const { outcome, code } = await single(place, carried.with([input]), input)
    carried.add([outcome])
    if (code !== undefined) codes.push(code)
    left -= charsOf(outcome)
    // Not from before the first: its process had to start.
    if (until === Infinity) until = performance.now() + LONGEST_MS
    const isLate = code === undefined && performance.now() >= until
    if (left <= 0 || codes.length >= MOST_DEATHS || isLate) break
  }
  return { outcomes: carried.outcomes, codes }
}

/** What comes of works in one task. @throws Death */
export async function outcomesOf(place: Place, works: readonly NamedWork[]): Promise<Outcome[][]> {
  const task: Task = { kind: 'run', works: works.map(packWork) }
  const answer: Answer = await place.run(task)
  const packed = answer.kind === 'done' ? answer.outcomes : []
  return works.map(({ timer }, index) => {
    const outcomes = packed[index]
    return outcomes === undefined ? [] : unpackOutcomes(outcomes, timer)
  })
}

interface Single {
  readonly outcome: Outcome
  /** How it ended its process, if it did. */
  readonly code?: ResultErrorCode
}

/**
 * What comes of one input. It is guilty if a process ends over it that has done nothing before, or was seen to be at it for too long. Else
 * it may have been memory that others left, or a promise of theirs.
 */
async function single(place: Place, work: NamedWork, input: Input): Promise<Single> {
  for (;;) {
    const { isFresh } = place
    try {
      const [[outcome] = []] = await outcomesOf(place, [work])
      if (outcome === undefined) throw new Error('An input was processed, and no outcome came of it.')
      return { outcome }
    } catch (error) {
      if (!(error instanceof Death)) throw error
      if (isFresh || (error.code === 'processor_timeout' && error.work !== undefined))
        return await guilty(place, work, input, error.code)
    }
  }
}

/** The error in the input's place. A timer that was due with it is looked at by itself: it may be the one that fails. */
async function guilty(place: Place, work: NamedWork, input: Input, code: ResultErrorCode): Promise<Single> {
  const isDue = work.timer !== undefined && work.timer <= input.at
  if (!isDue || input.kind === 'timer') return { code, outcome: failedOutcome(code, isDue ? undefined : work.timer) }
  const carried = new CarriedWork(work)
  const timer: Input = { kind: 'timer', at: input.at }
  const first = await single(place, carried.with([timer]), timer)
  carried.add([first.outcome])
  const second = await single(place, carried.with([input]), input)
  return { outcome: joined(first.outcome, second.outcome), code }
}

function joined(first: Outcome, { state, ...second }: Outcome): Outcome {
  const both = [first.state, state].filter((each) => each !== undefined)
  const last = both.at(-1)
  return {
    ...second,
    lines: [...first.lines, ...second.lines],
    ...(last !== undefined && { state: { ...last, changes: both.flatMap(({ changes }) => changes) } }),
  }
}
