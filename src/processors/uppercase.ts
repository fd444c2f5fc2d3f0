import { Processor, type InputRecord, type RecordProcessor } from '#libs/processor'

@Processor('uppercase', {
  description: 'Upper-cases strings, also inside arrays and objects; keys and other values stay as they are.',
  deterministic: true,
  safe: true,
})
export class Uppercase implements RecordProcessor {
  process({ value }: InputRecord): [unknown] {
    return [upper(value)]
  }
}

function upper(value: unknown): unknown {
  if (typeof value === 'string') return value.toUpperCase()
  if (Array.isArray(value)) return value.map(upper)
  if (typeof value !== 'object' || value === null) return value
  // In a copy "__proto__" is a key like any other, and assigning to it keeps it one; in a new object it would set the prototype.
  const result: Record<string, unknown> = { ...value }
  for (const key in result) result[key] = upper(result[key])
  return result
}
