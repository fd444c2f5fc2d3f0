/** What the processor `uppercase` makes of a record. */
export function upper(value: unknown): unknown {
  if (typeof value === 'string') return value.toUpperCase()
  if (typeof value !== 'object' || value === null) return value
  return JSON.parse(JSON.stringify(value), (_, x: unknown) => (typeof x === 'string' ? x.toUpperCase() : x))
}
