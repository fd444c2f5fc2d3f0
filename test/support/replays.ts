import type { InputRecord, RecordProcessor, Trial, TrialResult } from '#libs/processor'
import type { Example, ExampleRecord } from './snippets.js'
import { trialOf } from './trial-of.js'

interface Replay {
  trial: Trial
  readonly results: TrialResult[]
}

type ProcessorType = new () => RecordProcessor

const at = ({ at: time }: ExampleRecord): number => (typeof time === 'number' ? time : Date.parse(time))

/** What is done before each line of an example: nothing of it may change the results. */
const WAYS: Readonly<Record<string, (replay: Replay, line: ExampleRecord, type: ProcessorType) => void>> = {
  'one by one': () => undefined,
  'with a clock that is exact': ({ trial, results }, line) => void results.push(...trial.passTime(at(line) - 1)),
  'with a clock that is late': ({ trial, results }, line) => void results.push(...trial.tick(at(line))),
  'with a restart before each': (replay, _line, type) => void (replay.trial = replay.trial.restart(new type())),
}

/** The results of an example as JSON texts, in every way in which its records may come to the processor. */
export function replaysOf(type: ProcessorType, { options, records }: Example): Record<string, string[]> {
  const ways = Object.entries(WAYS).map(([name, before]) => {
    const replay: Replay = { trial: trialOf(type, options), results: [] }
    for (const line of records) {
      before(replay, line, type)
      replay.results.push(...(line.data === undefined ? replay.trial.passTime(at(line)) : sent(replay.trial, [line])))
    }
    return [name, [...replay.results, ...replay.trial.end()]] as const
  })
  const all = [...ways, ['together', together(trialOf(type, options), records)] as const]
  return Object.fromEntries(all.map(([name, results]) => [name, results.map(textOf)]))
}

/** Records with no pause between them are sent at once. */
function together(trial: Trial, records: readonly ExampleRecord[]): TrialResult[] {
  const results: TrialResult[] = []
  let waiting: ExampleRecord[] = []
  for (const line of records) {
    if (line.data !== undefined) {
      waiting.push(line)
      continue
    }
    results.push(...sent(trial, waiting), ...trial.passTime(at(line)))
    waiting = []
  }
  return [...results, ...sent(trial, waiting), ...trial.end()]
}

const sent = (trial: Trial, lines: readonly ExampleRecord[]): TrialResult[] =>
  trial.sendEach(lines.map((line): InputRecord => ({ value: line.data, at: at(line) })))

const textOf = (result: TrialResult): string => JSON.stringify('data' in result ? result.data : result)
