/** Is busy for as many milliseconds as the record says, and tells that or its process; its timer, due at the next record, never returns if the record says so. */
export class Timing {
  static processor = { name: 'timing', deterministic: true }

  process({ value, at }, stream) {
    const { busyMs = 0, timer = 'none' } = value
    for (const end = performance.now() + busyMs; performance.now() < end;);
    if (timer !== 'none') {
      stream.state.set('timer', timer)
      stream.timer = at + 1
    }
    return [value.pid ? process.pid : busyMs]
  }

  onTimer(_at, { state }) {
    while (state.get('timer') === 'hang');
    return ['timer']
  }
}
