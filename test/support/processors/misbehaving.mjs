import { closeSync, writeSync } from 'node:fs'

/** Does to its process what the record names; what it does not know is the result. */
export class Misbehaving {
  static processor = { name: 'misbehaving', deterministic: true };

  *process({ value }, { state }) {
    const count = (state.get('count') ?? 0) + 1
    state.set('count', count)
    if (Object.hasOwn(DEEDS, value)) yield* DEEDS[value]()
    yield `${count} ${value}`
  }
}

const kept = []

const DEEDS = {
  throw() {
    throw new Error('a secret')
  },
  hang() {
    for (;;);
  },
  *trickle() {
    for (;;) if (performance.now() < 0) yield 1
  },
  *flood() {
    for (;;) yield 1
  },
  regex() {
    return [/^(a+)+$/.test(`${'a'.repeat(50)}b`)]
  },
  heap() {
    for (let all = [1]; ;) all = [...all, ...all]
  },
  objects() {
    for (;;) kept.push({ kept: kept.length })
  },
  split() {
    return ['x'.padEnd(5e8).split('').length]
  },
  buffers() {
    for (;;) kept.push(Buffer.alloc(1_000_000, 1))
  },
  exit() {
    process.exit(0)
  },
  // As if it were the process that answers.
  send() {
    process.send?.({ kind: 'done', outcomes: [] })
    return []
  },
  // As if it were the watchdog that reports.
  report() {
    writeSync(3, 'null\n[]\n{"cause":1}\nno JSON')
    process.exit(0)
  },
  mute() {
    closeSync(3)
    for (;;);
  },
  abort() {
    process.abort()
  },
  reject() {
    void Promise.reject(new Error('a secret'))
    return []
  },
  later() {
    setTimeout(() => {
      throw new Error('a secret')
    }, 50)
    return []
  },
}
