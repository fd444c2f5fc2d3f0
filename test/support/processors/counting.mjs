/** Numbers the records of a stream from where its options say. */
export class Counting {
  static processor = {
    name: 'counting',
    options: { type: 'object', properties: { from: { type: 'number', default: 0 } }, additionalProperties: false },
  };

  *process({ value }, { state, options }) {
    const count = (state.get('count') ?? options.from) + 1
    state.set('count', count)
    yield { count, value }
  }

  check({ from }) {
    while (from === 13) continue
    if (from === 14) throw Object.assign(new Error('14 is not allowed.'), { field: 'from' })
    if (from === 15) throw new Error('a secret')
  }
}
