import { setImmediate as loopTurn } from 'node:timers'

/** What runs apart from others and can be held up or killed: nothing of it runs then. */
export interface Process {
  readonly name: string
  /** Of its wall clock from the cluster's, in ms. Its monotonic clock is right. */
  skewMs: number
  /** Whether it stands still, as in a long collection of garbage: what is due meanwhile runs when it goes on. */
  paused: boolean
  killed: boolean
}

export interface Timer {
  readonly process: Process | undefined
  cancelled: boolean
}

interface Event extends Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/**
 * Virtual time: what is scheduled runs in the order of its time, one event after the other, and the clock leaps from one to the next.
 * Between two events all microtasks run. So everything that happens in an event, and every timer made in it, is of the event's process.
 */
export class VirtualTime {
  /** Ms since the beginning. */
  now = 0
  /** Whose event runs; undefined for what is of no process: the network, the cluster, the clients. */
  current: Process | undefined
  /** How many events have run. */
  count = 0
  private order = 0
  /** A binary heap, the next event first. */
  private readonly heap: Event[] = []
  private readonly held = new Map<Process, Event[]>()

  /** Runs `run` in so many ms, as something that `process` does. */
  schedule(delayMs: number, run: () => void, process: Process | undefined): Timer {
    const at = this.now + Math.max(0, delayMs)
    const event = { at, order: this.order++, run, process, cancelled: false }
    this.push(event)
    return event
  }

  /** Runs `run` now, as something that `process` does. */
  within<T>(process: Process | undefined, run: () => T): T {
    const before = this.current
    this.current = process
    try {
      return run()
    } finally {
      this.current = before
    }
  }

  resume(process: Process): void {
    process.paused = false
    const events = this.held.get(process) ?? []
    this.held.delete(process)
    for (const event of events) this.schedule(0, () => (event.cancelled ? undefined : event.run()), process)
  }

  /** Runs events until `isDone`, which is asked after each, or `limitMs` have passed; says which. */
  async run(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const end = this.now + limitMs
    for (;;) {
      // All microtasks, whatever they bring forth, run before the loop's next turn.
      await new Promise<void>((resolve) => loopTurn(resolve))
      this.current = undefined
      if (isDone()) return true
      const event = this.next()
      if (event === undefined || event.at > end) {
        if (event !== undefined) this.push(event)
        this.now = end
        return false
      }
      this.now = Math.max(this.now, event.at)
      this.count++
      this.current = event.process
      event.run()
    }
  }

  private next(): Event | undefined {
    for (let event = this.pop(); event !== undefined; event = this.pop()) {
      const { process } = event
      if (event.cancelled || process?.killed === true) continue
      if (process?.paused !== true) return event
      this.held.set(process, [...(this.held.get(process) ?? []), event])
    }
    return undefined
  }

  private push(event: Event): void {
    const { heap } = this
    let index = heap.push(event) - 1
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !isBefore(event, parent)) break
      heap[index] = parent
      index = above
    }
    heap[index] = event
  }

  private pop(): Event | undefined {
    const { heap } = this
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) below++
      const child = heap[below]
      if (child === undefined || !isBefore(child, last)) break
      heap[index] = child
      index = below
    }
    heap[index] = last
    return first
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
