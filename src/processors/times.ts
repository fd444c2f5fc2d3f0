import { fieldReader } from './fields.js'

/** A day or a time of day of ISO 8601 with its zone: what lacks one would be read by the zone of the machine. */
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/

/** The end of the year 9999, ms since 1970. */
const LAST = 253_402_300_799_999

/**
 * Reads the time at which something happened, in whole ms since 1970.
 * @throws Error in the reader, if there is neither a number of ms since 1970 nor an ISO time at `path`, or one outside 1970 to 9999
 */
export function timeReader(path: string): (value: unknown) => number {
  const read = fieldReader(path)
  return (value) => {
    const time = read(value)
    const ms = typeof time === 'string' && ISO.test(time) ? Date.parse(time) : time
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= LAST))
      throw new Error(`"${path}" is neither ms since 1970 nor an ISO time with its zone.`)
    return Math.floor(ms)
  }
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()
