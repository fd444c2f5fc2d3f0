import { defer, finalize, mergeMap } from 'rxjs'

import type { Source } from '../../src/streams/source.js'
import { StreamSource } from '../../src/streams/stream-source.js'
import { Subscriber } from '../../src/streams/subscriber.js'
import type { Frame } from '../../src/view/frames.js'
import type { FedView, Life } from './fed-view.js'
import type { Step } from './reader-schedules.js'
import { SlowSocket } from './slow-socket.js'

export interface Reader {
  readonly life: Life
  readonly from: number
  readonly socket: SlowSocket
  readonly subscriber: Subscriber
  readonly mostUnsent: number
  left: boolean
  ends: number
  subscriptions: number
  /** What happens to the next frame. */
  fault: 'lose' | 'repeat' | undefined
}

const OPENING = 'retry: 1\n\n'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One stream with its lives and readers, led through a schedule. */
export class World {
  readonly readers: Reader[] = []
  private life: Life

  constructor(private readonly fed: FedView) {
    this.life = fed.start(`stream-${++World.count}`)
  }

  private static count = 0

  async run(schedule: readonly Step[]): Promise<void> {
    for (const step of schedule) await this.take(step)
    // A reader that missed a frame learns so from the next.
    for (const reader of this.readers) reader.fault = undefined
    if (this.life.state === 'open') this.fed.add(this.life, [['last']])
    await this.calm()
  }

  private async take(step: Step): Promise<void> {
    const { fed, life } = this
    if (step.does === 'commit' && life.state === 'open') {
      const lines = step.runs.map((sizes, run) => sizes.map((size, index) => `${run}.${index}${'x'.repeat(size)}`))
      fed.add(life, lines, step.close)
    } else if (step.does === 'write') await fed.write()
    else if (step.does === 'settle') fed.settle()
    else if (step.does === 'turn') await turn()
    else if (step.does === 'restart' && life.state !== 'open') this.life = fed.start(life.header.id, life)
    else if (step.does === 'trim') await this.trim(step)
    else if (step.does === 'clean') for (const { life } of this.readers) await fed.clean(life, step.rows)
    else if (step.does === 'join' && life.state !== 'deleted') this.join(step)
    else if (step.does === 'beat') for (const { subscriber } of this.readers) subscriber.heartbeat()
    else if (step.does === 'drain') this.readers[step.reader]?.socket.drain(step.bytes)
    else if (step.does === 'leave' || step.does === 'lose' || step.does === 'repeat') this.bother(step)
  }

  private async trim({ part, settled }: Step & { does: 'trim' }): Promise<void> {
    if (settled) {
      await this.fed.write()
      this.fed.settle()
    }
    await this.fed.trim(this.life, Math.floor(part * this.life.lines.length))
  }

  private join({ part, budget, highWaterMark }: Step & { does: 'join' }): void {
    const { life, fed } = this
    const oldest = fed.trimmedTo(life)
    const from = oldest + Math.round(part * (life.lines.length - oldest))
    const socket = new SlowSocket(highWaterMark)
    const subscriber = new Subscriber(
      this.unreliable(life, () => reader),
      from,
      socket,
      budget,
      () => {
        reader.ends++
      },
    )
    const mostUnsent = Math.max(budget, highWaterMark - 1)
    const reader: Reader = {
      life,
      from,
      socket,
      subscriber,
      mostUnsent,
      left: false,
      ends: 0,
      subscriptions: 0,
      fault: undefined,
    }
    this.readers.push(reader)
    subscriber.start(OPENING)
  }

  /** The stream's source, whose frames a reader may miss or get twice: the store has them all the same. */
  private unreliable(life: Life, reader: () => Reader): Source {
    const source = new StreamSource(this.fed.view, life.header)
    const pass = (frame: Frame): Frame[] => {
      const { fault } = reader()
      if (fault === undefined || frame.last) return [frame]
      reader().fault = undefined
      return fault === 'lose' ? [] : [frame, frame]
    }
    return {
      page: (position, maxChars) => source.page(position, maxChars),
      closing: () => source.closing(),
      get live() {
        return defer(() => {
          reader().subscriptions++
          return source.live.pipe(mergeMap(pass))
        }).pipe(finalize(() => reader().subscriptions--))
      },
    }
  }

  private bother({ does, reader: index }: { does: 'leave' | 'lose' | 'repeat'; reader: number }): void {
    const reader = this.readers[index]
    if (reader === undefined) return
    if (does === 'leave') {
      reader.left = true
      reader.subscriber.stop()
    } else reader.fault = does
  }

  /** Everyone reads until nothing more comes. */
  private async calm(): Promise<void> {
    for (let written = -1; written !== (written = this.written());) {
      for (const { socket } of this.readers) socket.drain(Infinity)
      await turn()
      await turn()
    }
    await this.fed.write()
    this.fed.settle()
  }

  private written(): number {
    return this.readers.reduce((sum, { socket }) => sum + socket.text.length, 0)
  }
}

/** Reads what a reader was sent as a client would; throws where that breaks a promise. */
export function follow({ life, from, socket }: Reader, trimmedTo: number): { position: number; end: boolean } {
  const { incarnation } = life.header
  let [position, end] = [from, false]
  if (!socket.text.startsWith(OPENING)) throw new Error('the first block is missing')
  for (const block of socket.text.slice(OPENING.length).split('\n\n').slice(0, -1)) {
    if (end) throw new Error(`something came after the end: ${block.slice(0, 80)}`)
    const [, reset, id, data] = /^(event: reset\n)?id: \w+-(\d+)\ndata: (.*)$/.exec(block) ?? []
    const seq = Number(id)
    if (block === ':') continue
    else if (block.startsWith('event: end\n')) end = true
    else if (!block.includes(`id: ${incarnation}-`)) throw new Error(`not of this life: ${block.slice(0, 80)}`)
    else if (reset !== undefined) {
      if (seq <= position || seq > trimmedTo) throw new Error(`reset to ${id} at ${position}, trimmed to ${trimmedTo}`)
      const { oldest, latest } = JSON.parse(data ?? '') as { oldest: number; latest: number }
      if (oldest !== seq + 1 || latest < seq || latest > life.lines.length) throw new Error(`wrong reset: ${data}`)
      position = seq
    } else if (seq !== position + 1) throw new Error(`result ${id} after ${position}`)
    else if (data !== life.lines[seq - 1]) throw new Error(`result ${id} is another's`)
    else position = seq
  }
  return { position, end }
}
