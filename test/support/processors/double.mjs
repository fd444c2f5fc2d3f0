export class Double {
  static processor = { name: 'double', description: 'Twice each number.', deterministic: true }

  process({ value }) {
    if (typeof value !== 'number') throw new TypeError(`${value} is no number`)
    return [2 * value]
  }
}
