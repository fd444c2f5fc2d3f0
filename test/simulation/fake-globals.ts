import { syncBuiltinESMExports } from 'node:module'
import type { Random } from '../support/random.js'
import type { Timer, VirtualTime } from './virtual-time.js'

/** The wall clock at the beginning of virtual time, in ms since 1970. */
export const EPOCH_MS = 1_700_000_000_000

/** One for all: its stack costs more than the rest of a schedule's timers. */
const ABORTED = new DOMException('The operation was aborted', 'AbortError')

type Args = readonly unknown[]

/**
 * Puts virtual time and seeded chance in the place of the process's own: timers of both kinds, the clocks, random numbers and ids.
 * Returns what takes them back. Modules must use them through their names at the time of the call, as imports do.
 */
export function installVirtual(time: VirtualTime, random: Random): () => void {
  const promises = process.getBuiltinModule('node:timers/promises')
  const crypto = process.getBuiltinModule('node:crypto')
  const undo = [
    ...replace(globalThis, globalTimers(time)),
    ...replace(performance, { now: () => time.now }),
    ...replace(Date, { now: () => wallClock(time) }),
    ...replace(Math, { random: () => random.int(0, 2 ** 32 - 1) / 2 ** 32 }),
    ...replace(promises, promisedTimers(time)),
    ...replace(crypto, { randomUUID: () => uuid(random), randomBytes: (size: number) => bytes(random, size) }),
  ]
  syncBuiltinESMExports()
  return () => {
    for (const back of undo) back()
    syncBuiltinESMExports()
  }
}

const wallClock = (time: VirtualTime): number => EPOCH_MS + Math.floor(time.now) + (time.current?.skewMs ?? 0)

function replace(target: object, replacements: Readonly<Record<string, unknown>>): (() => void)[] {
  return Object.entries(replacements).map(([name, value]) => {
    const before = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true })
    return () => {
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, before)
    }
  })
}

/** What `setTimeout` returns: nothing keeps a process alive in virtual time. */
class Handle {
  constructor(public timer: Timer) {}

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }
}

function globalTimers(time: VirtualTime): Record<string, unknown> {
  const once = (run: (...args: Args) => void, ms = 0, ...args: Args): Handle =>
    new Handle(time.schedule(ms, () => run(...args), time.current))
  const repeat = (run: (...args: Args) => void, ms = 0, ...args: Args): Handle => {
    const handle = new Handle(time.schedule(ms, again, time.current))
    function again(): void {
      handle.timer = time.schedule(Math.max(1, ms), again, time.current)
      run(...args)
    }
    return handle
  }
  const clear = (handle: Handle | undefined): void => {
    if (handle instanceof Handle) handle.timer.cancelled = true
  }
  return {
    setTimeout: once,
    setInterval: repeat,
    setImmediate: (run: (...args: Args) => void, ...args: Args) => once(run, 0, ...args),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }
}

interface WaitOptions {
  readonly signal?: AbortSignal
}

function promisedTimers(time: VirtualTime): Record<string, unknown> {
  const wait = (ms = 0, value?: unknown, { signal }: WaitOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const arrive = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve(value)
      }
      const timer = time.schedule(ms, arrive, time.current)
      function abort(): void {
        timer.cancelled = true
        reject(ABORTED)
      }
      if (signal?.aborted === true) abort()
      else signal?.addEventListener('abort', abort, { once: true })
    })
  return { setTimeout: wait, setImmediate: (value?: unknown, options?: WaitOptions) => wait(0, value, options) }
}

function bytes(random: Random, size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.int(0, 255)))
}

function uuid(random: Random): string {
  const hex = bytes(random, 16).toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
