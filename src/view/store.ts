import { randomUUID } from 'node:crypto'
import { open, type Database, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb'
import { ApiError } from '#libs/contract'
import { diskRoom } from './disk-room.js'

/** Of the numbers that the `lmdb` package gives, untyped. */
interface TreeStats {
  readonly treeBranchPageCount: number
  readonly treeLeafPageCount: number
  readonly overflowPages: number
}

interface EnvStats {
  readonly pageSize: number
  readonly lastPageNumber: number
  /** The tree of tables. */
  readonly root: TreeStats
  /** The tree of free pages. */
  readonly free: TreeStats
}

export type Table = Database<Buffer, Buffer>

const bytes = { encoding: 'binary', keyEncoding: 'binary' } as const

/** What the disk must have for any transaction, beside what it is known to write: for the pages of the trees that it changes. */
const MARGIN_BYTES = 1024 * 1024

/** How often it is looked whether the transactions under way can still come to an end. */
const WATCH_MS = 1_000

/**
 * One LMDB environment: tables of bytes in key order, and transactions that hold or do not as a whole. The `lmdb` package runs them,
 * and their `fdatasync`, on a thread of its own; those that come close together share both.
 */
export class Store {
  /** Rows whose version is what conditions look at. */
  readonly meta: Database<Buffer, string>
  private readonly env: RootDatabase
  private readonly tables: Database<Buffer, Buffer | string>[] = []
  /** Tells this process's transactions from those of others before it. */
  private readonly id = randomUUID()
  private transactions = 0
  private failedSync = false
  private lastFailed = false
  /** How to give up the transactions that are under way. */
  private readonly underWay = new Set<(error: ApiError) => void>()
  private readonly watch: NodeJS.Timeout

  /**
   * @param path of its folder
   * @param reserveBytes see {@link takesInput}
   * @param durable whether a transaction is on the disk when it is over; else only once the system has written it there, which a kill of
   *   the process does not hinder
   * @param openEnvironment what opens LMDB
   */
  constructor(
    private readonly path: string,
    private readonly reserveBytes = 0,
    durable = true,
    openEnvironment: (options: RootDatabaseOptionsWithPath) => RootDatabase = open,
  ) {
    // Gathering by turns of the event loop is for puts without a condition. The package would keep a promise for each turn that nobody
    // hears of, and its rejection, on a full disk, would end the process.
    this.env = openEnvironment({ path, maxDbs: 16, eventTurnBatching: false, noSync: !durable, ...bytes })
    this.meta = this.env.openDB('meta', { encoding: 'binary', useVersions: true })
    this.tables.push(this.meta)
    this.watch = setInterval(() => {
      if (this.underWay.size > 0 && !this.readable()) this.break()
    }, WATCH_MS).unref()
  }

  table(name: string): Table {
    const table: Table = this.env.openDB(name, bytes)
    this.tables.push(table)
    return table
  }

  /** Version of a row of `meta`; 0 if there is none. */
  version(key: string): number {
    return this.meta.getEntry(key)?.version ?? 0
  }

  /**
   * Whether there is room for input when `bytes` are still to be written besides. The last `reserveBytes` are for committing what is
   * there and for removing what is old; pages of the file that are free count, but the disk must have a quarter of the reserve itself.
   */
  takesInput(bytes: number): boolean {
    return this.hasRoom(this.reserveBytes / 4, this.reserveBytes + bytes)
  }

  /** Runs `write` at once, as a transaction of its own that is on the disk when this returns. For start-up only: it blocks. */
  transactNow(write: () => void): void {
    this.meta.transactionSync(write)
  }

  /**
   * Makes the puts of `write` one transaction, which holds only if the row `key` of `meta` has version `version` by then. Resolves,
   * once it is on the disk, with whether it held. `bytes` is about what it writes.
   * @throws ApiError `storage_full` if nothing was written, so that trying again makes sense; `log_unavailable` once a sync has
   *   failed: what the disk holds then is unknown, and stays so until a restart reads it
   */
  async transact(key: string, version: number, write: () => void, bytes = 0): Promise<boolean> {
    if (this.failedSync) throw new ApiError('log_unavailable')
    // Asked first, since LMDB must not find out: its message about a page that it could not write is longer than the memory the `lmdb`
    // package has for it, which ends the process sooner or later (3.5.6, mdb_page_flush).
    if (!this.hasRoom(MARGIN_BYTES, MARGIN_BYTES + bytes)) throw new ApiError('storage_full')
    const serial = ++this.transactions
    const committed = this.meta.ifVersion(key, version, () => {
      write()
      void this.meta.put(slotOf(serial), this.receipt(serial), 0)
    })
    // Why it failed comes as a promise of its own, which must be heard even of a transaction that was given up: unheard, its rejection
    // ends the process.
    committed.catch(causeOf)
    try {
      const [held] = await this.unlessBroken(Promise.all([committed, this.flushed()]))
      if (!this.sound) throw new ApiError('log_unavailable')
      this.lastFailed = false
      // What was read in this turn before is of a snapshot that lives until the next: whoever reads now must see what was written.
      this.env.resetReadTxn()
      return held
    } catch (error) {
      throw await this.explain(error, serial)
    }
  }

  /** Whether the disk has `least` bytes itself, and `bytes` together with the free pages of the file. */
  private hasRoom(least: number, bytes: number): boolean {
    if (this.reserveBytes === 0) return true
    const room = diskRoom(this.path, 'data.mdb')
    return room >= least && (room >= bytes || room + this.freeBytes() >= bytes)
  }

  /** What LMDB can write without growing its file, which it never shrinks. Fragments count, too. */
  private freeBytes(): number {
    const { pageSize, lastPageNumber, root, free } = this.env.getStats() as EnvStats
    const trees = [root, free, ...this.tables.map((table) => table.getStats() as TreeStats)]
    const used = trees.reduce(
      (sum, tree) => sum + tree.treeBranchPageCount + tree.treeLeafPageCount + tree.overflowPages,
      0,
    )
    return Math.max(0, lastPageNumber - 1 - used) * pageSize
  }

  /** Resolves when everything put so far is on the disk: the sync that every ack waits for. */
  protected flushed(): Promise<unknown> {
    return new Promise((resolve, reject) => void this.env.flushed.then(resolve, reject))
  }

  /** Whether the last transactions could be read back as written; false means that a sync failed and only a restart helps. */
  get sound(): boolean {
    return !this.failedSync
  }

  /** Lets go of the environment. Behind a transaction that failed the `lmdb` package would wait for ever, so it is left as a crash leaves it. */
  async close(): Promise<void> {
    clearInterval(this.watch)
    if (!this.lastFailed) await this.env.close()
  }

  /**
   * LMDB reports a short write as EIO, so the error's code does not tell a full disk from a failed sync. What can be read does: a
   * transaction whose pages did not fit was dropped whole, one whose sync failed is visible.
   */
  private async explain(error: unknown, serial: number): Promise<unknown> {
    this.lastFailed = true
    if (error instanceof ApiError) return error
    const cause = causeOf(error)
    // At once: a later transaction whose own sync went well stands on the pages of this one, and must not be acked.
    const dropped = this.readable() && this.meta.get(slotOf(serial))?.equals(this.receipt(serial)) !== true
    if (!dropped) this.break()
    return new ApiError(dropped ? 'storage_full' : 'log_unavailable', {}, { cause: await cause })
  }

  /**
   * When LMDB could not write one of its two root pages it lets nobody read or write any more; and the `lmdb` package does not settle
   * the transactions that it has begun.
   */
  private readable(): boolean {
    try {
      this.env.resetReadTxn()
      this.meta.get(slotOf(0))
      return true
    } catch {
      return false
    }
  }

  private break(): void {
    this.failedSync = true
    for (const giveUp of this.underWay) giveUp(new ApiError('log_unavailable'))
  }

  private async unlessBroken<T>(transaction: Promise<T>): Promise<T> {
    let giveUp = (_error: ApiError): void => undefined
    const broken = new Promise<never>((_resolve, reject) => (giveUp = reject))
    this.underWay.add(giveUp)
    return Promise.race([transaction, broken]).finally(() => this.underWay.delete(giveUp))
  }

  private receipt(serial: number): Buffer {
    return Buffer.from(`${this.id}:${serial}`)
  }
}

/** Where a transaction leaves its receipt, to be found by should it report a failure. More than can be under way at once. */
const slotOf = (serial: number): string => `receipt-${serial % 64}`

/** The `lmdb` package hands the reason of a failed commit over as a promise that rejects with it. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  return Promise.resolve(error.commitError).then(
    () => error,
    (reason: unknown) => reason,
  )
}
