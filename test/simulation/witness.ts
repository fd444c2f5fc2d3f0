import type { StreamHeader } from '#libs/engine'
import { decodeCommit } from '../../src/kafka/wire.js'
import type { SimulatedCluster } from './simulated-cluster.js'

/** What one life of a stream came to. */
export interface WitnessedLife {
  readonly stream: string
  readonly incarnation: string
  header: StreamHeader
  /** Each as single-line JSON; the first has number 1. */
  readonly results: string[]
  /** Where in the commit log each result stands. */
  readonly offsets: number[]
  /** Where in the commit log its header was written last. */
  writtenAt: number
  /** The stream was deleted, or has another life. */
  gone: boolean
}

/** Reads whole commit logs, trimmed or not, by a rule of its own, and knows what every view must hold. */
export class Witness {
  /** Where the markers of each partition stand. */
  readonly markers: readonly number[][]
  /** By incarnation. */
  readonly lives = new Map<string, WitnessedLife>()
  /** The present life of each stream that is not deleted. */
  readonly present = new Map<string, WitnessedLife>()
  readonly faults: string[] = []

  constructor(cluster: SimulatedCluster) {
    this.markers = Array.from({ length: cluster.partitions }, () => [])
    for (let partition = 0; partition < cluster.partitions; partition++) this.read(cluster, partition)
  }

  private read(cluster: SimulatedCluster, partition: number): void {
    let [epoch, n] = [-1, 0]
    for (const [offset, { text }] of cluster.partition('commits', partition).messages.entries()) {
      const message = decodeCommit(partition, text)
      if (message.kind === 'marker') {
        ;[epoch, n] = [offset, 0]
        this.markers[partition]?.push(offset)
      } else if (message.commit.epoch === epoch && message.commit.n === n + 1) {
        n++
        for (const patch of message.commit.streams) this.take(patch, offset)
      }
    }
  }

  private take({ id, incarnation, header, event, runs, replaces }: WitnessedPatch, offset: number): void {
    const life = this.lives.get(incarnation) ?? (header === null ? undefined : this.begin(id, incarnation, header))
    if (life === undefined) return
    for (const { first, lines } of runs) {
      if (first !== life.results.length + 1)
        this.faults.push(`result ${first} of ${id} is committed behind ${life.results.length}`)
      life.results.push(...lines)
      life.offsets.push(...lines.map(() => offset))
    }
    const former = replaces === undefined ? undefined : this.lives.get(replaces)
    if (former !== undefined) former.gone = true
    if (header === null) {
      life.gone = true
      this.present.delete(id)
      return
    }
    life.header = header
    life.writtenAt = offset
    const { reason, closedAt = 0, activeAt } = header
    if (event === 'closing' && reason === 'timeout' && closedAt - activeAt < header.settings.idleTimeoutMs)
      this.faults.push(`${id} has expired after ${closedAt - activeAt} ms`)
    if (header.lastSeq !== life.results.length) this.faults.push(`${id} counts ${header.lastSeq} results`)
  }

  private begin(stream: string, incarnation: string, header: StreamHeader): WitnessedLife {
    const life = { stream, incarnation, header, results: [], offsets: [], writtenAt: 0, gone: false }
    this.lives.set(incarnation, life)
    this.present.set(stream, life)
    return life
  }
}

type WitnessedPatch = Extract<ReturnType<typeof decodeCommit>, { kind: 'commit' }>['commit']['streams'][number]
