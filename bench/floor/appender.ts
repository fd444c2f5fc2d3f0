import type { Producer } from 'kafkajs'

interface Waiting {
  readonly value: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

const batchMessages = 2000
const allReplicas = -1

/** One append in flight a partition; what comes meanwhile is the next one. */
export class Appender {
  private readonly waiting: Waiting[] = []
  private busy = false

  constructor(
    private readonly producer: Producer,
    private readonly topic: string,
    private readonly partition: number,
  ) {}

  /** Resolves when the message is durable. */
  append(value: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ value, resolve, reject })
      if (this.busy) return
      this.busy = true
      setImmediate(() => void this.run())
    })
  }

  private async run(): Promise<void> {
    const { producer, topic, partition } = this
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMessages)
      try {
        await producer.send({ topic, acks: allReplicas, messages: batch.map(({ value }) => ({ partition, value })) })
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.busy = false
  }
}
