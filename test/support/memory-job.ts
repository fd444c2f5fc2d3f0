import type { MemoryCluster } from './memory-broker.js'

/** A message of the work topic, as a job reads it. */
export interface JobWork {
  readonly partition: number
  readonly offset: number
  readonly index: number
  readonly count: number
  readonly stream: string
  readonly incarnation: string
  readonly processor: string
  readonly options: unknown
  readonly at: number
  readonly records: readonly unknown[]
}

/** What a job writes for a message: answers, or texts as they are. */
export type JobAnswers = (work: JobWork) => readonly unknown[]

/** The answer of a job that gives `results` for the records, one entry each. */
export const answering = ({ partition, offset, index, count }: JobWork, results: readonly unknown[]): unknown => ({
  partition,
  offset,
  index,
  count,
  results,
})

/** A job that makes of each record one result, which is the record. */
export const identityJob: JobAnswers = (work) => [
  answering(
    work,
    work.records.map((record) => [record]),
  ),
]

/** A job outside, on logs in memory: reads the work of all partitions from its beginning, and writes what `answers` gives. */
export class MemoryJob {
  /** What it has read. */
  readonly seen: JobWork[] = []
  private readonly stopped = new AbortController()
  private readonly running: Promise<unknown>

  constructor(
    private readonly cluster: MemoryCluster,
    private readonly answers: JobAnswers,
  ) {
    const partitions = Array.from({ length: cluster.partitions }, (_, partition) => this.run(partition))
    this.running = Promise.all(partitions)
  }

  async stop(): Promise<void> {
    this.stopped.abort()
    await this.running
  }

  private async run(partition: number): Promise<void> {
    const broker = this.cluster.broker()
    const { oldest } = await broker.extent('work', partition)
    for await (const batch of broker.read('work', partition, oldest, this.stopped.signal))
      for (const { text } of batch) {
        const work = JSON.parse(text) as JobWork
        this.seen.push(work)
        const texts = this.answers(work).map((answer) => (typeof answer === 'string' ? answer : JSON.stringify(answer)))
        this.cluster.append(
          'done',
          partition,
          texts.map((answer) => ({ key: work.stream, text: answer })),
        )
      }
  }
}
