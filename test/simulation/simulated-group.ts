import type { Membership } from '../../src/kafka/broker.js'
import type { Random } from '../support/random.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import type { Process } from './virtual-time.js'

const SESSION_MS = 6_000
const HEARTBEAT_MS = 2_000
/** Between the moment the group expels a member or takes one in, and that in which the others learn of it. */
const NEWS_MS = 500

interface Seat {
  readonly member: SimulatedMember
  heardAt: number
  partitions: readonly number[]
}

/** The group that shares the partitions out. Members learn late what was decided, and one that stands still learns nothing. */
export class SimulatedGroup {
  private readonly seats = new Set<Seat>()

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly random: Random,
  ) {
    this.watch()
  }

  join(process: Process, assign: (partitions: readonly number[]) => void): Promise<Membership> {
    return new Promise((resolve) => {
      const member = new SimulatedMember(this.cluster, this, process, assign)
      member.joining()
      resolve(member)
    })
  }

  take(member: SimulatedMember): void {
    this.leave(member, false)
    this.seats.add({ member, heardAt: this.cluster.time.now, partitions: [] })
    this.shareOut()
  }

  leave(member: SimulatedMember, tell = true): void {
    for (const seat of this.seats) if (seat.member === member) this.seats.delete(seat)
    if (tell) this.shareOut()
  }

  /** The partitions of a member; undefined if it is none any more. */
  heard(member: SimulatedMember): readonly number[] | undefined {
    const seat = [...this.seats].find((candidate) => candidate.member === member)
    if (seat === undefined) return undefined
    seat.heardAt = this.cluster.time.now
    return seat.partitions
  }

  /** Gives each partition to any member, and tells all of them, one after the other. */
  shareOut(): void {
    const seats = [...this.seats]
    for (const seat of seats) seat.partitions = []
    const [first, ...others] = seats
    if (first === undefined) return
    for (let partition = 0; partition < this.cluster.partitions; partition++) {
      const seat = this.random.pick([first, ...others])
      seat.partitions = [...seat.partitions, partition]
      this.cluster.note(`group gives ${partition} to ${seat.member.process.name}`)
    }
    for (const { member, partitions } of seats) {
      const tell = (): void => member.heard(partitions)
      this.cluster.time.schedule(this.random.int(1, NEWS_MS), tell, member.process)
    }
  }

  /** Members that were not heard of for a session are expelled. */
  private watch(): void {
    const { time } = this.cluster
    const look = (): void => {
      const gone = [...this.seats].filter(({ heardAt }) => time.now - heardAt > SESSION_MS)
      for (const seat of gone) {
        this.cluster.count('expelled')
        this.seats.delete(seat)
      }
      if (gone.length > 0) this.shareOut()
      time.schedule(500, look, undefined)
    }
    time.schedule(500, look, undefined)
  }
}

class SimulatedMember implements Membership {
  private partitions: readonly number[] = []
  private heardAt = -Infinity
  private assigned: readonly number[] | undefined
  private left = false
  private turn = 0

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly group: SimulatedGroup,
    readonly process: Process,
    private readonly assign: (partitions: readonly number[]) => void,
  ) {}

  fresh(): { readonly partitions: readonly number[]; readonly ageMs: number } {
    return { partitions: this.partitions, ageMs: this.cluster.time.now - this.heardAt }
  }

  leave(): Promise<void> {
    this.left = true
    return new Promise((resolve) => {
      this.cluster.ask(this.process, (answer) => {
        this.group.leave(this)
        answer(resolve)
      })
    })
  }

  joining(): void {
    this.cluster.ask(this.process, (answer) => {
      if (!this.left) this.group.take(this)
      answer(() => this.beat())
    })
  }

  /** Word from the group. */
  heard(partitions: readonly number[]): void {
    if (this.left) return
    this.heardAt = this.cluster.time.now
    this.partitions = partitions
    this.tell(partitions)
    const turn = ++this.turn
    const lapse = (): void => {
      if (turn === this.turn && !this.left) this.tell([])
    }
    this.cluster.time.schedule(SESSION_MS, lapse, this.process)
  }

  private tell(partitions: readonly number[]): void {
    if (this.assigned?.join() === partitions.join()) return
    this.assigned = partitions
    this.assign(partitions)
  }

  private beat(): void {
    if (this.left) return
    this.cluster.ask(this.process, (answer) => {
      const partitions = this.group.heard(this)
      answer(() => {
        if (this.left) return
        if (partitions === undefined) {
          this.partitions = []
          this.tell([])
          this.joining()
        } else {
          this.heard(partitions)
          this.cluster.time.schedule(HEARTBEAT_MS, () => this.beat(), this.process)
        }
      })
    })
  }
}
