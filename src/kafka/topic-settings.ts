import type { Log } from './broker.js'

/** What goes to a job, and what comes back, is kept at least this long, in ms. */
export const WAY_RETENTION_MS = 24 * 3_600_000

export interface TopicNeeds {
  readonly prefix: string
  readonly partitions: number
  /** The largest record batch, in bytes. */
  readonly maxMessageBytes: number
  /** Takes fewer than three replicas, and fewer than two in step: then what is acked can be lost with one disk. */
  readonly allowLowReplication: boolean
  /** Whether records are processed by a job outside, which takes two more topics. */
  readonly isExternal: boolean
}

/** A setting of a topic: what it is created with, and whether what was found will do. */
export interface TopicSetting {
  readonly name: string
  readonly value: string
  /** In words. */
  readonly needed: string
  readonly fits: (found: string | undefined) => boolean
}

const UNLIMITED = '-1'

const exactly = (name: string, value: string): TopicSetting => ({
  name,
  value,
  needed: value,
  fits: (found) => found === value,
})

const atLeast = (name: string, value: number): TopicSetting => ({
  name,
  value: String(value),
  needed: `at least ${value}`,
  fits: (found) => Number(found) >= value,
})

/** @param replicas of the topic */
export function settingsOf(log: Log, needs: TopicNeeds, replicas: number): readonly TopicSetting[] {
  return [
    // Readers stop at a gap.
    exactly('cleanup.policy', 'delete'),
    exactly('message.timestamp.type', 'LogAppendTime'),
    retention(log),
    exactly('retention.bytes', UNLIMITED),
    atLeast('max.message.bytes', needs.maxMessageBytes),
    minInSync(needs, replicas),
  ]
}

/**
 * Of the two logs the owners of partitions remove what is of no use any more, and nobody does while there is no owner. What goes to a job
 * is in the input too, and written again until it is answered.
 */
function retention(log: Log): TopicSetting {
  if (log === 'input' || log === 'commits') return exactly('retention.ms', UNLIMITED)
  const setting = atLeast('retention.ms', WAY_RETENTION_MS)
  return { ...setting, fits: (found) => found === UNLIMITED || setting.fits(found) }
}

/** Redpanda has no such setting: there acks=all is the majority, always. */
function minInSync({ allowLowReplication }: TopicNeeds, replicas: number): TopicSetting {
  const setting = atLeast('min.insync.replicas', allowLowReplication ? 1 : 2)
  return {
    ...setting,
    value: String(Math.min(2, replicas)),
    fits: (found) => found === undefined || setting.fits(found),
  }
}
