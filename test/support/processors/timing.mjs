/**
 * Keeps its thread for as many milliseconds as the record says, and tells that or its process; its timer, due at the next record, keeps it
 * for good if the record says so.
 */
export class Timing {
  static processor = { name: 'timing', deterministic: true }

  process({ value, at }, stream) {
    const { busyMs = 0, timer = 'none' } = value
    keepThread(busyMs)
    if (timer !== 'none') {
      stream.state.set('timer', timer)
      stream.timer = at + 1
    }
    return [value.pid ? process.pid : busyMs]
  }

  onTimer(_at, { state }) {
    if (state.get('timer') === 'hang') keepThread(Infinity)
    return ['timer']
  }
}

const never = new Int32Array(new SharedArrayBuffer(4))

/** As a loop would, and leaves the processor to other tests. */
function keepThread(ms) {
  Atomics.wait(never, 0, 0, ms)
}
