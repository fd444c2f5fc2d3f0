import type { RootDatabase } from 'lmdb'

/** Keys and values as `lmdb` takes them here: keys are texts of meta or bytes of tables, in the order of their bytes. */
type Key = Buffer | string

interface Row {
  readonly value: Buffer
  readonly version: number
}

interface Range {
  readonly start?: Key
  readonly end?: Key
  readonly exclusiveStart?: boolean
  readonly reverse?: boolean
  readonly limit?: number
}

const textOf = (key: Key): string => (typeof key === 'string' ? key : key.toString('latin1'))

/** Rows in the order of their keys. */
class OrderedRows {
  readonly rows = new Map<string, Row>()
  private readonly keys: string[] = []

  set(key: string, row: Row): void {
    if (!this.rows.has(key)) this.keys.splice(this.indexOf(key), 0, key)
    this.rows.set(key, row)
  }

  delete(key: string): void {
    if (this.rows.delete(key)) this.keys.splice(this.indexOf(key), 1)
  }

  range({ start, end, exclusiveStart = false, reverse = false, limit = Infinity }: Range): string[] {
    const bounds = [start, end].map((key) => (key === undefined ? undefined : textOf(key)))
    // Read backwards to no end, `lmdb` stops short of the key of one zero byte.
    const [low, high] = reverse ? [bounds[1] ?? '\0', bounds[0]] : bounds
    let from = low === undefined ? 0 : this.indexOf(low)
    let to = high === undefined ? this.keys.length : this.indexOf(high)
    // The start is of the range, the end is not, whichever way it is read.
    if (reverse) {
      if (low !== undefined && this.keys[from] === low) from++
      if (high !== undefined && !exclusiveStart && this.keys[to] === high) to++
    } else if (exclusiveStart && this.keys[from] === low) from++
    if (to <= from) return []
    return reverse
      ? this.keys.slice(from, to).reverse().slice(0, limit)
      : this.keys.slice(from, Math.min(to, from + limit))
  }

  /** Of the first key that is not below this one. */
  private indexOf(key: string): number {
    let [low, high] = [0, this.keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.keys[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** What survives the process that wrote it: the tables of one LMDB environment. */
export class MemoryDisk {
  private readonly tables = new Map<string, OrderedRows>()

  table(name: string): OrderedRows {
    const table = this.tables.get(name) ?? new OrderedRows()
    this.tables.set(name, table)
    return table
  }
}

/** When a transaction that was handed over is committed: calls `commit` then. */
export type CommitSchedule = (commit: () => void) => void

/**
 * A double of an LMDB environment as the `lmdb` package gives it, as far as `Store` uses it: transactions are committed whole and in
 * their order, some time after they were made, and nothing of one can be read before.
 */
export class MemoryEnvironment {
  flushed: Promise<void> = Promise.resolve()
  /** What the transaction that is being made writes; undefined if none is. */
  private open: (() => void)[] | undefined
  private sync = false

  constructor(
    private readonly disk: MemoryDisk,
    private readonly schedule: CommitSchedule,
  ) {}

  /** For the constructor of `Store`, which takes what `lmdb` opens. */
  asRootDatabase(): RootDatabase {
    return this as unknown as RootDatabase
  }

  openDB(name: string): MemoryTable {
    return new MemoryTable(this, this.disk.table(name))
  }

  resetReadTxn(): void {
    // Every read is of the present.
  }

  close(): Promise<void> {
    return this.flushed
  }

  /** Of the transaction under way. */
  write(operation: () => void): void {
    if (this.sync) operation()
    else if (this.open === undefined) throw new Error('a put outside a transaction')
    else this.open.push(operation)
  }

  writeNow(write: () => void): void {
    this.sync = true
    try {
      write()
    } finally {
      this.sync = false
    }
  }

  transact(condition: () => boolean, write: () => void): Promise<boolean> {
    const operations = (this.open = [] as (() => void)[])
    try {
      write()
    } finally {
      this.open = undefined
    }
    const before = this.flushed
    const committed = new Promise<boolean>((resolve) => {
      void before.then(() => {
        this.schedule(() => {
          const holds = condition()
          if (holds) for (const operation of operations) operation()
          resolve(holds)
        })
      })
    })
    this.flushed = committed.then(() => undefined)
    return committed
  }
}

class MemoryTable {
  constructor(
    private readonly environment: MemoryEnvironment,
    private readonly table: OrderedRows,
  ) {}

  get(key: Key): Buffer | undefined {
    return this.table.rows.get(textOf(key))?.value
  }

  getBinaryFast(key: Key): Buffer | undefined {
    return this.get(key)
  }

  getEntry(key: Key): Row | undefined {
    return this.table.rows.get(textOf(key))
  }

  getKeys(range: Range): Buffer[] {
    return this.table.range(range).map((key) => Buffer.from(key, 'latin1'))
  }

  getRange(range: Range): { key: Buffer; value: Buffer }[] {
    return this.getKeys(range).map((key) => ({ key, value: this.get(key) ?? Buffer.alloc(0) }))
  }

  put(key: Key, value: Buffer, version = 0): Promise<boolean> {
    const row = { value: Buffer.from(value), version }
    this.environment.write(() => {
      this.table.set(textOf(key), row)
    })
    return Promise.resolve(true)
  }

  putSync(key: Key, value: Buffer, version = 0): void {
    this.table.set(textOf(key), { value: Buffer.from(value), version })
  }

  remove(key: Key): Promise<boolean> {
    this.environment.write(() => {
      this.table.delete(textOf(key))
    })
    return Promise.resolve(true)
  }

  ifVersion(key: Key, version: number, write: () => void): Promise<boolean> {
    return this.environment.transact(() => this.getEntry(key)?.version === version, write)
  }

  transactionSync(write: () => void): void {
    this.environment.writeNow(write)
  }
}
