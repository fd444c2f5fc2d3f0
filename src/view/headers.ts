import type { Commit, StreamHeader, StreamPatch } from '#libs/engine'
import type { MergedPatch } from './merge.js'
import { decodeHeader, encodeHeader, isOver } from './rows.js'
import type { Store, Table } from './store.js'
import { Unsettled } from './unsettled.js'

/** Headers by stream id: those of streams that are not over in memory, all of them in the store. And whose life an incarnation is. */
export class Headers {
  private readonly open = new Map<string, StreamHeader>()
  private readonly over = new Unsettled<StreamHeader | null>()
  /** Ids by incarnation of streams that may not be in the tables yet. */
  private readonly started = new Unsettled<string>()
  private readonly table: Table
  private readonly incarnations: Table

  constructor(store: Store) {
    this.table = store.table('streams')
    this.incarnations = store.table('incarnations')
    for (const { value } of this.table.getRange({})) {
      const header = decodeHeader(value)
      if (!isOver(header)) this.open.set(header.id, header)
    }
  }

  get(id: string): StreamHeader | undefined {
    const open = this.open.get(id)
    if (open !== undefined) return open
    const unsettled = this.over.get(id)
    if (unsettled !== undefined) return unsettled.value ?? undefined
    return this.stored(id)
  }

  /** As the store has it. */
  stored(id: string): StreamHeader | undefined {
    const row = this.table.get(Buffer.from(id))
    return row === undefined ? undefined : decodeHeader(row)
  }

  /** The stream that has, or last had, this incarnation, as far as that is still known. */
  streamOf(incarnation: string): string | undefined {
    return this.started.get(incarnation)?.value ?? this.incarnations.get(keyOf(incarnation))?.toString()
  }

  /** Streams that are open or closing, in no order. */
  get active(): ReadonlyMap<string, StreamHeader> {
    return this.open
  }

  /** At most `limit` headers in id order, behind `after`; fewer only where there are no more. */
  page(after: string, limit: number): StreamHeader[] {
    const headers: StreamHeader[] = []
    for (const id of this.ids(after)) {
      const header = this.get(id)
      if (header !== undefined && headers.push(header) >= limit) break
    }
    return headers
  }

  /** Ids are ASCII, so that the order of texts is the order of keys. */
  private *ids(after: string): Generator<string> {
    const started = [...new Set(this.started.all())].filter((id) => id > after).sort()
    let next = 0
    for (const key of this.table.getKeys({ start: Buffer.from(after), exclusiveStart: true })) {
      const id = key.toString()
      for (let fresh = started[next]; fresh !== undefined && fresh <= id; fresh = started[++next])
        if (fresh < id) yield fresh
      yield id
    }
    yield* started.slice(next)
  }

  apply(patch: StreamPatch, commit: Commit): void {
    if (patch.event === 'started') this.started.set(patch.incarnation, patch.id, commit)
    if (patch.header !== null && !isOver(patch.header)) {
      this.open.set(patch.id, patch.header)
      return
    }
    this.open.delete(patch.id)
    this.over.set(patch.id, patch.header, commit)
  }

  write({ id, incarnation, header, started }: MergedPatch): void {
    if (header === null) void this.table.remove(Buffer.from(id))
    else void this.table.put(Buffer.from(id), encodeHeader(header))
    if (started) void this.incarnations.put(keyOf(incarnation), Buffer.from(id))
  }

  settle(patch: StreamPatch, commit: Commit): void {
    this.over.settle(patch.id, commit)
    this.started.settle(patch.incarnation, commit)
  }

  /** Forgets a stream that is over, unless it lives again. */
  remove(header: StreamHeader): void {
    if (this.get(header.id)?.incarnation === header.incarnation) void this.table.remove(Buffer.from(header.id))
  }

  /** Forgets whose life an incarnation was. */
  removeLife(incarnation: string): void {
    void this.incarnations.remove(keyOf(incarnation))
  }
}

const keyOf = (incarnation: string): Buffer => Buffer.from(incarnation, 'hex')
