/** Longest key of a group, in bytes of UTF-8 as JSON: it is part of a key of the state. */
export const KEY_BYTES = 128

/** What a record has at a path; undefined if nothing. */
export type FieldReader = (value: unknown) => unknown

/**
 * @param path names of members, separated by dots, such as `reading.temperature`; `\.` is a dot within a name, and the elements of an
 * array are named 0, 1, 2 …
 */
export function fieldReader(path: string): FieldReader {
  const [name = '', ...others] = path.split(/(?<!\\)\./).map((part) => part.replaceAll('\\.', '.'))
  if (others.length === 0) return (value) => member(value, name)
  return (value) => others.reduce(member, member(value, name))
}

/** The largest number that is taken: squares of such can be summed up and remain numbers. */
export const LARGEST = 1e100

/** @throws Error in the reader, if there is no number at `path`, or one that is too large */
export function numberReader(path: string): (value: unknown) => number {
  const read = fieldReader(path)
  return (value) => {
    const number = read(value)
    if (typeof number !== 'number' || !(Math.abs(number) <= LARGEST))
      throw new Error(`"${path}" is no number, or larger than ${LARGEST}.`)
    return number
  }
}

/**
 * Reads what a record is grouped by, as JSON; the same for all records where there is no `path`.
 * @throws Error in the reader, if there is no text, number or boolean at `path`, or one that is too long
 */
export function keyReader(path: string | undefined): (value: unknown) => string {
  if (path === undefined) return () => ''
  const read = fieldReader(path)
  return (value) => {
    const key = read(value)
    if (typeof key !== 'string' && typeof key !== 'number' && typeof key !== 'boolean')
      throw new Error(`"${path}" is no text, number or boolean.`)
    const text = JSON.stringify(key)
    if (Buffer.byteLength(text) > KEY_BYTES) throw new Error(`"${path}" is longer than ${KEY_BYTES} bytes.`)
    return text
  }
}

/** The member of a result that names the group of `key`; none where all records are one group. */
export const keyMember = (key: string): { readonly key?: unknown } =>
  key === '' ? {} : { key: JSON.parse(key) as unknown }

function member(value: unknown, name: string): unknown {
  // What the record itself has: not "constructor", nor the length of an array.
  if (typeof value !== 'object' || value === null || !isOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}

const isOwn = (value: object, name: string): boolean => Object.prototype.propertyIsEnumerable.call(value, name)
