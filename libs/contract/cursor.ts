/** Where a reader stands in one incarnation of a stream: it has seen the results up to `seq`; 0 is before the first. */
export interface Cursor {
  /** 16 lower-case hex digits. */
  readonly incarnation: string
  /** The last result seen, or `end` once the stream's end was seen. */
  readonly seq: number | 'end'
}

/** The longest cursor that is looked at, in characters. */
export const MAX_CURSOR_LENGTH = 256

const SHAPE = /^([0-9a-f]{16})-(0|[1-9][0-9]{0,14}|end)$/

/** The text of a cursor, as it stands in the `id:` of an event. Opaque to clients. */
export function encodeCursor(incarnation: string, seq: number | 'end'): string {
  return `${incarnation}-${seq}`
}

/** Reads a cursor; undefined if the text is none. */
export function decodeCursor(text: string): Cursor | undefined {
  if (text.length > MAX_CURSOR_LENGTH) return undefined
  const [, incarnation, seq] = SHAPE.exec(text) ?? []
  if (incarnation === undefined || seq === undefined) return undefined
  return { incarnation, seq: seq === 'end' ? 'end' : Number(seq) }
}
