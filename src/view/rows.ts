import type { Run, StreamHeader } from '#libs/engine'

/** 8 bytes of incarnation, then 6 of a number, big-endian: rows of one life of a stream, in order. Numbers are below 2^48. */
export function numberedKey(incarnation: string, number: number): Buffer {
  const key = Buffer.allocUnsafe(14)
  key.write(incarnation, 0, 'hex')
  key.writeUIntBE(number, 8, 6)
  return key
}

/** 8 bytes of incarnation, then a name of at most 500 bytes. */
export function namedKey(incarnation: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(incarnation, 'hex'), Buffer.from(name)])
}

/** 6 bytes, big-endian: rows in order of a number below 2^48. */
export function numberKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(6)
  key.writeUIntBE(number, 0, 6)
  return key
}

/** The most results of one run, and the most characters of a run of several: what a reader gets at once. */
export const RUN_RESULTS = 500
export const RUN_CHARS = 65_536

/** A run as it is kept, under the number of its LAST result: the run that holds result n is the first one at or after n. */
export interface StoredRun extends Run {
  /** Log time of the commit, ms since 1970. */
  readonly at: number
}

export const lastOf = (run: Run): number => run.first + run.lines.length - 1

export function encodeRun({ at, lines }: StoredRun): Buffer {
  return Buffer.from(`${at} ${lines.length}\n${lines.join('\n')}`)
}

export function decodeRun(key: Buffer, value: Buffer): StoredRun {
  const [, ...lines] = value.toString().split('\n')
  return { ...decodeRunHead(key, value), lines }
}

/** What is known of an encoded run without reading its results. */
export function decodeRunHead(key: Buffer, value: Buffer): Pick<StoredRun, 'at' | 'first'> {
  const [at, count] = value.toString('latin1', 0, value.indexOf('\n')).split(' ').map(Number) as [number, number]
  return { at, first: key.readUIntBE(8, 6) - count + 1 }
}

export const encodeHeader = (header: StreamHeader): Buffer => Buffer.from(JSON.stringify(header))

export const decodeHeader = (value: Buffer): StreamHeader => JSON.parse(value.toString()) as StreamHeader

export const isOver = (header: StreamHeader): boolean => header.status === 'ended' || header.status === 'expired'
