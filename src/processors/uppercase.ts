import { Processor, type InputRecord, type RecordProcessor } from '#libs/processor'

const PLAIN = { enumerable: true, configurable: true, writable: true }

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
  const result: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    // Assigning to "__proto__" would set the prototype; defining keeps it a key like any other.
    if (key === '__proto__') Object.defineProperty(result, key, { ...PLAIN, value: upper(member) })
    else result[key] = upper(member)
  }
  return result
}
