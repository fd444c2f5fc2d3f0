import { partitionOf } from '../../src/kafka/murmur2.js'
import { lastOf } from '../../src/view/rows.js'
import type { View } from '../../src/view/view.js'
import type { Send } from './history.js'
import { Witness, type WitnessedLife } from './witness.js'
import { STREAMS, type World } from './world.js'

/** How long a world without faults may take to come to rest, in virtual ms. */
const PATIENCE_MS = 120_000
const ATTEMPT_MS = 10_000

/** Lets the world come to rest, and says what is wrong with what came of it. */
export async function judge(world: World): Promise<string[]> {
  const { time } = world
  if (!(await time.run(() => world.quiet, PATIENCE_MS))) return [...world.violations, 'calls are not answered']
  world.heal()
  const found = (await processed(world)) ?? (await followed(world))
  const witness = new Witness(world.cluster)
  return [
    ...world.violations,
    ...(found === undefined ? [] : [found]),
    ...witness.faults,
    ...sends(world, witness),
    ...views(world, witness),
    ...readers(world, witness),
  ]
}

/** Waits until a replica that starts now has processed all there is in the input, and all others know. */
async function processed(world: World): Promise<string | undefined> {
  const { time, cluster } = world
  const last = world.arrive()
  if (!(await time.run(() => last.serving !== undefined, PATIENCE_MS))) return 'a new replica does not start'
  for (let partition = 0; partition < cluster.partitions; partition++) {
    const offset = await appended(world, partition)
    if (offset === undefined) return 'the input takes no entries'
    const passed = (): boolean => world.replicas.every(({ serving }) => (serving?.view.to(partition) ?? -1) > offset)
    if (!(await time.run(passed, PATIENCE_MS))) return `partition ${partition} is not processed everywhere`
  }
  return undefined
}

/**
 * Appends an entry behind all there is; a twin at the end of the input would not do. A replica may stop and start anew meanwhile, for
 * what it was about to read was trimmed.
 */
async function appended(world: World, partition: number): Promise<number | undefined> {
  let offset: number | undefined
  for (let waited = 0; waited < PATIENCE_MS && offset === undefined; waited += ATTEMPT_MS) {
    const replica = world.replicas.findLast(({ serving }) => serving !== undefined)
    replica?.within(() => {
      replica.serving?.engine.append(partition, { kind: 'tick', asOf: 0 }).then(
        (at) => (offset = at),
        () => undefined,
      )
    })
    await world.time.run(() => offset !== undefined, ATTEMPT_MS)
  }
  return offset
}

/** Waits until every stream is at rest, and every reader has read all there is for it. */
async function followed(world: World): Promise<string | undefined> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 1_000) {
    const witness = new Witness(world.cluster)
    const closing = [...witness.present.values()].filter(({ header }) => header.status === 'closing')
    const behind = world.readers.filter(({ over, incarnation, seq }) => {
      const life = witness.lives.get(incarnation ?? '')
      return !over && (life === undefined || life.gone || life.header.status !== 'open' || seq !== life.results.length)
    })
    if (closing.length === 0 && behind.length === 0 && views(world, witness).length === 0) return undefined
    await world.time.run(() => false, 1_000)
  }
  return 'readers or views do not get all there is'
}

/** What was acked is there once, what was refused is not, what is unknown is there at most once; in the order of the calls. */
function sends(world: World, witness: Witness): string[] {
  const places = new Map<string, WitnessedLife[]>()
  for (const life of witness.lives.values())
    for (const line of life.results) places.set(line, [...(places.get(line) ?? []), life])
  const found = world.history.sends.flatMap(({ stream, value, outcome, key }) => {
    const lives = places.get(String(value)) ?? []
    const elsewhere = lives.some((life) => life.stream !== stream)
    // A key is known for the life that it was sent to.
    const times =
      key === undefined ? lives.length : Math.max(lives.length - new Set(lives).size + 1, 0) * Math.sign(lives.length)
    const fits = outcome === 'acked' ? times === 1 : outcome === 'refused' ? times === 0 : times <= 1
    return fits && !elsewhere ? [] : [`${outcome} ${value} is in ${stream} ${lives.length} times`]
  })
  return [...found, ...[...witness.lives.values()].flatMap((life) => outOfOrder(life, world.history.sends))]
}

/** A record that was acked before another was sent stands before it. */
function outOfOrder({ stream, results }: WitnessedLife, sends: readonly Send[]): string[] {
  let issued = -Infinity
  for (const line of results) {
    const send = sends[Number(line)]
    if (send === undefined) return [`${line} in ${stream} was never sent`]
    if (send.acked < issued) return [`${line} in ${stream} stands behind what was sent after its ack`]
    issued = Math.max(issued, send.issued)
  }
  return []
}

function views(world: World, witness: Witness): string[] {
  return world.replicas.flatMap(({ serving, process }) => {
    if (serving === undefined) return [`${process.name} does not serve`]
    return STREAMS.flatMap((stream) => {
      const life = witness.present.get(stream)
      const header = serving.view.headers.get(stream)
      if (JSON.stringify(header) !== JSON.stringify(life?.header)) return [`${process.name} has another ${stream}`]
      const found = life && differing(serving.view, life, oldestOf(world, life))
      return found === undefined ? [] : [`${process.name} has ${found} of ${stream}`]
    })
  })
}

/** Number of the oldest result that stands in the log still: what stood before it a view may lack. */
function oldestOf({ cluster }: World, { stream, offsets }: WitnessedLife): number {
  const { oldest } = cluster.partition('commits', partitionOf(stream, cluster.partitions))
  const index = offsets.findIndex((offset) => offset >= oldest)
  return (index === -1 ? offsets.length : index) + 1
}

function differing(view: View, { incarnation, results }: WitnessedLife, oldest: number): string | undefined {
  const runs = view.results.page(incarnation, 0, Infinity)
  const first = runs[0]?.first ?? results.length + 1
  if (first > oldest) return `only results from ${first} on`
  let next = first
  for (const run of runs) {
    if (run.first !== next) return `no result ${next}`
    if (run.lines.some((line, index) => line !== results[run.first - 1 + index])) return `other results at ${next}`
    next = lastOf(run) + 1
  }
  return next === results.length + 1 ? undefined : `only results up to ${next - 1}`
}

function readers({ observed, readers }: World, witness: Witness): string[] {
  const others = [...observed].flatMap(([cursor, data]) => {
    const [incarnation = '', seq] = cursor.split('-')
    const line = witness.lives.get(incarnation)?.results[Number(seq) - 1]
    return line === data ? [] : [`a reader was given ${data} for ${cursor}, which is ${line}`]
  })
  const cut = readers.flatMap(({ name, seq, endReason, endedAt, incarnation }) => {
    const count = witness.lives.get(incarnation ?? '')?.results.length
    const early = seq === 'end' && endReason !== 'deleted' && endedAt !== count
    return early ? [`${name} was given the end behind ${endedAt} of ${count}`] : []
  })
  return [...others, ...cut]
}
