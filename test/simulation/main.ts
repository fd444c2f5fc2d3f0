import 'reflect-metadata'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { mutants, schedulesUntilRed } from './mutants.js'
import { simulate } from './simulate.js'

/** Schedules that a thread is given at once. */
const TOGETHER = 20
const PROGRESS_MS = 10_000
/** Violated schedules that are shown. */
const SHOWN = 10

interface Task {
  readonly first: number
  readonly count: number
}

interface Outcome {
  readonly schedules: number
  readonly events: number
  readonly violated: readonly (readonly [seed: number, violations: readonly string[]])[]
  readonly injected: ReadonlyMap<string, number>
}

async function runTask({ first, count }: Task): Promise<Outcome> {
  const violated: [number, readonly string[]][] = []
  const injected = new Map<string, number>()
  let events = 0
  for (let index = 0; index < count; index++) {
    const seed = (first + index) >>> 0
    const done = await simulate(seed)
    if (done.violations.length > 0) violated.push([seed, done.violations])
    for (const [fault, times] of done.injected) injected.set(fault, (injected.get(fault) ?? 0) + times)
    events += done.events
  }
  return { schedules: count, events, violated, injected }
}

/** Runs schedules on threads of their own, since each takes the globals of its thread over; exits with 1 if one was violated. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      schedules: { type: 'string' },
      seed: { type: 'string' },
      threads: { type: 'string' },
      rules: { type: 'boolean' },
    },
  })
  const schedules = Number(values.schedules ?? 1_000)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  say(`simulate: --schedules ${schedules} --seed ${seed}`)
  if (values.rules === true) await withoutRules(seed, schedules)
  else await withRules(seed, schedules, Number(values.threads ?? 2))
}

/** Without each rule in turn, until a schedule is violated: that one must be shows that the simulation sees the rule. */
async function withoutRules(seed: number, most: number): Promise<void> {
  for (const [name, mutant] of Object.entries(mutants)) {
    const count = await schedulesUntilRed(mutant, seed, most)
    say(`${name}: ${count === undefined ? 'never violated' : `violated by schedule ${count}`}`)
    if (count === undefined) process.exitCode = 1
  }
}

async function withRules(seed: number, schedules: number, threads: number): Promise<void> {
  const began = performance.now()
  const seconds = (): string => `${((performance.now() - began) / 1000).toFixed(0)} s`
  const injected = new Map<string, number>()
  let [given, done, events, violated] = [0, 0, 0, 0]
  let shownAt = began
  const take = (outcome: Outcome): void => {
    done += outcome.schedules
    events += outcome.events
    for (const [fault, times] of outcome.injected) injected.set(fault, (injected.get(fault) ?? 0) + times)
    for (const [violatedSeed, violations] of outcome.violated)
      if (++violated <= SHOWN) say(`seed ${violatedSeed}: ${violations.slice(0, 5).join('; ')}`)
    if (performance.now() - shownAt < PROGRESS_MS) return
    shownAt = performance.now()
    say(`${done} schedules, ${violated} violated, ${seconds()}`)
  }
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL(import.meta.url))
    while (given < schedules) {
      const task = { first: seed + given, count: Math.min(TOGETHER, schedules - given) }
      given += task.count
      take(await ask(worker, task))
    }
    await worker.terminate()
  }
  await Promise.all(Array.from({ length: threads }, work))
  const faults = [...injected].sort(([one], [other]) => (one < other ? -1 : 1))
  say(`faults: ${faults.map(([fault, times]) => `${fault} ${times}`).join(', ')}`)
  say(`${done} schedules of ${Math.round(events / done)} events, ${violated} violated, in ${seconds()}`)
  process.exitCode = violated === 0 && done === schedules ? 0 : 1
}

async function ask(worker: Worker, task: Task): Promise<Outcome> {
  const answered = once(worker, 'message') as Promise<[Outcome]>
  worker.postMessage(task)
  const [outcome] = await answered
  return outcome
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)

if (isMainThread) await main()
else
  parentPort?.on('message', (task: Task) => {
    void runTask(task).then((outcome) => parentPort?.postMessage(outcome))
  })
