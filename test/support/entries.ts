import type { DataEntry, Entry, RetryIdentity, StreamSettings } from '#libs/engine'

export const settings: StreamSettings = {
  processor: 'identity',
  options: {},
  idleTimeoutMs: 600_000,
  retentionMs: 600_000,
  labels: {},
}

/** The incarnation of a stream's life number `life`: what a server draws at random. */
export const lifeOf = (stream: string, life = 1): string =>
  Buffer.from(`${stream}${life}`).toString('hex').padStart(16, '0').slice(-16)

export function started(stream: string, life = 1, change: Partial<StreamSettings> = {}): Entry {
  return { kind: 'start', stream, incarnation: lifeOf(stream, life), settings: { ...settings, ...change } }
}

/** A send of records that are the JSON texts of `values`. */
export function sent(stream: string, values: readonly unknown[], retry?: RetryIdentity, life = 1): DataEntry {
  const records = values.map((value) => JSON.stringify(value))
  return { kind: 'data', stream, incarnation: lifeOf(stream, life), records, ...(retry && { retry }) }
}
