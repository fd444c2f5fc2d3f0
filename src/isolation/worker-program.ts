import { Worker } from 'node:worker_threads'
import { charsOf, run, type ProcessorClass, type RecordProcessor } from '#libs/processor'
import { BUILT_IN } from '../processors/built-in.js'
import { refusalOf } from '../processors/refusal.js'
import { LoadError, loadProcessors, type Loaded } from './load.js'
import type { Answer, Description, Ready, Start, Task } from './messages.js'
import { packOutcomes, unpackWork } from './packed.js'
import { report } from './reports.js'
import { CELL, DOING, type WatchData } from './watchdog.js'

/** No input is begun that a task comes to later than this, in ms: other streams wait for the process, and readers for what is done. */
const SLICE_MS = 100

/**
 * The program of a worker process: loads the processors and runs them over what the server sends. A process and not a thread, because
 * V8 ends the whole process when a thread asks for too much at once, whatever its limits: `[...a, ...a]` again and again is enough.
 */
class WorkerProcess {
  private readonly cells = new Int32Array(new SharedArrayBuffer(4 * Object.keys(CELL).length))
  private readonly processors = new Map<string, Loaded>()

  constructor(private readonly setup: Start) {}

  async start(): Promise<void> {
    const { timeoutMs, memoryBytes, processors, server } = this.setup
    Atomics.store(this.cells, CELL.doing, DOING.loading)
    const watching: WatchData = {
      cells: this.cells,
      timeoutMs,
      memoryBytes: process.memoryUsage.rss() + memoryBytes,
      server,
    }
    new Worker(new URL('watchdog.js', import.meta.url), { workerData: watching, execArgv: [] })
    setInterval(() => this.progress(), timeoutMs / 5)
    try {
      const outside = await loadProcessors(processors, (file) => report({ loading: file }))
      const all = [...BUILT_IN.map(loadedOf), ...outside]
      for (const each of all) this.processors.set(each.identity.name, each)
      tell({ kind: 'ready', processors: all.map(describe) })
    } catch (error) {
      const file = error instanceof LoadError ? error.file : undefined
      tell({ kind: 'unusable', file, reason: error instanceof Error ? error.message : String(error) })
    }
    Atomics.store(this.cells, CELL.doing, DOING.nothing)
  }

  take(task: Task): void {
    this.doing(DOING.task)
    const answer = task.kind === 'run' ? this.run(task) : this.check(task)
    // A turn of the event loop before it is answered: a promise that nobody awaited fails with the task that made it.
    setImmediate(() => {
      this.doing(DOING.nothing)
      tell(answer)
    })
  }

  private run({ works }: Extract<Task, { kind: 'run' }>): Answer {
    const until = performance.now() + SLICE_MS
    let left = this.setup.limits.together ?? Infinity
    const outcomes = works.map((packed, index) => {
      if (left <= 0 || (index > 0 && performance.now() >= until)) return packOutcomes([], packed.timer)
      Atomics.store(this.cells, CELL.work, index)
      const { identity, instance } = this.find(packed.processor)
      const work = unpackWork(packed)
      const step = (): void => this.progress()
      const limits = { ...this.setup.limits, together: left, until }
      const done = run(instance, identity.stateVersion ?? 1, work, limits, step)
      for (const outcome of done) left -= charsOf(outcome)
      return packOutcomes(done, packed.timer)
    })
    this.progress()
    return { kind: 'done', outcomes }
  }

  private check({ processor, options }: Extract<Task, { kind: 'check' }>): Answer {
    this.progress()
    try {
      return { kind: 'checked', refusal: refusalOf(this.find(processor).instance, options) }
    } catch (error) {
      process.stderr.write(
        `A check of options failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
      )
      return { kind: 'checked', refusal: { field: '', message: "the processor's check of them failed." } }
    }
  }

  private find(name: string): Loaded {
    const found = this.processors.get(name)
    if (found === undefined) throw new Error(`There is no processor "${name}" in a worker process.`)
    return found
  }

  private progress(): void {
    Atomics.add(this.cells, CELL.progress, 1)
  }

  private doing(what: number): void {
    Atomics.store(this.cells, CELL.doing, what)
    Atomics.notify(this.cells, CELL.doing)
  }
}

const loadedOf = (each: new () => RecordProcessor): Loaded => ({
  file: undefined,
  identity: (each as unknown as ProcessorClass).processor,
  instance: new each(),
})

/** What can be sent of it. */
function describe({ identity, instance, file }: Loaded): Description {
  const { process: method, check } = instance as Partial<RecordProcessor>
  const settings = JSON.parse(JSON.stringify(identity)) as unknown
  return { settings, runs: typeof method === 'function', checks: typeof check === 'function', file }
}

const send = process.send?.bind(process)

function tell(message: Ready | Answer): void {
  send?.(message)
}

// There are libraries that tell whoever began their process that they are there: it would pass for an answer.
delete process.send

// The server decides when a worker process ends, not who stops it with Ctrl-C or stops the whole group.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.on('disconnect', () => process.exit(0))

const worker = new WorkerProcess(JSON.parse(process.argv[2] ?? '') as Start)
process.on('message', (task) => worker.take(task as Task))
await worker.start()
