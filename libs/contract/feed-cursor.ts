import { MAX_CURSOR_LENGTH } from './cursor.js'

/**
 * Where a reader of the lifecycle feed stands: for each partition, the number up to which it has seen the events of that partition. A
 * number is a commit's position in the partition's log and an event's index within it, the same on every server; 0 is before the first.
 */
export type FeedCursor = readonly number[]

/**
 * The most partitions a feed can have: a number below 2^53 takes 12 characters, so that with one more the longest cursor would pass
 * MAX_CURSOR_LENGTH.
 */
export const MAX_FEED_PARTITIONS = 21

const SHAPE = /^(\.(0|[1-9a-z][0-9a-z]{0,10}))+$/

/** The text of a cursor, as it stands in the `id:` of an event: each number in base 36 behind a dot. Opaque to clients. */
export function encodeFeedCursor(cursor: FeedCursor): string {
  return cursor.map((number) => `.${number.toString(36)}`).join('')
}

/** Reads a cursor of a feed of so many partitions; undefined if the text is none. */
export function decodeFeedCursor(text: string, partitions: number): FeedCursor | undefined {
  if (text.length > MAX_CURSOR_LENGTH || !SHAPE.test(text)) return undefined
  const numbers = text.slice(1).split('.')
  const cursor = numbers.map((number) => parseInt(number, 36))
  return cursor.length === partitions && cursor.every(Number.isSafeInteger) ? cursor : undefined
}
