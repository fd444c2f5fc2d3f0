import { decodeEntry, type StoredEntry } from '#libs/engine'
import { numberKey } from '../view/rows.js'

/** Entries appended together: one row, under the offset of the first. */
export interface InputRow {
  readonly first: number
  readonly entries: readonly StoredEntry[]
}

export const inputKey = numberKey

export const inputOffset = (key: Buffer): number => key.readUIntBE(0, 6)

/** One line with the log time and the length of each entry's text in characters, then the texts. */
export function encodeInputRow(at: number, texts: readonly string[]): Buffer {
  return Buffer.from(`${JSON.stringify([at, ...texts.map((text) => text.length)])}\n${texts.join('')}`)
}

export function decodeInputRow(key: Buffer, value: Buffer): InputRow {
  const text = value.toString()
  const first = inputOffset(key)
  let position = text.indexOf('\n') + 1
  const [at = 0, ...lengths] = JSON.parse(text.slice(0, position)) as number[]
  const entries = lengths.map((length, index) => {
    const entry = decodeEntry(text.slice(position, (position += length)))
    return { ...entry, offset: first + index, at }
  })
  return { first, entries }
}
