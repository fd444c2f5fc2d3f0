import { fork } from 'node:child_process'
import { join } from 'node:path'

import type { Membership } from '../../src/kafka/broker.js'
import type { KafkajsBroker } from '../../src/kafka/kafkajs-broker.js'
import { afterTests } from '../support/clean-up.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { brokerOptions, openBroker } from '../support/kafkajs-broker.js'
import { until } from '../support/until.js'

const all = [0, 1, 2, 3, 4, 5]

class Member {
  /** Every assignment, in order. */
  readonly assigned: (readonly number[])[] = []

  private constructor(private readonly joined: Promise<Membership>) {}

  static join(broker: KafkajsBroker): Member {
    const member = new Member(broker.join((partitions) => member.assigned.push(partitions)))
    afterTests(() => member.leave())
    return member
  }

  get partitions(): readonly number[] {
    return this.assigned.at(-1) ?? []
  }

  get membership(): Promise<Membership> {
    return this.joined
  }

  async leave(): Promise<void> {
    await (await this.joined).leave()
  }
}

/** A replica in a process of its own. */
class MemberProcess {
  partitions: readonly number[] = []
  private readonly child

  constructor(options: unknown) {
    this.child = fork(join(import.meta.dirname, '../support/kafka-member.mjs'), [JSON.stringify(options)], {
      execArgv: [],
    })
    this.child.on('message', (told) => (this.partitions = (told as { partitions: readonly number[] }).partitions))
    afterTests(() => this.kill())
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }
}

const sorted = (partitions: readonly number[]): readonly number[] => [...partitions].sort((a, b) => a - b)

describeOnKafka('the group that shares partitions out', () => {
  const options = brokerOptions({ partitions: all.length })
  let broker: KafkajsBroker

  beforeAll(async () => {
    broker = await openBroker(options)
  }, 60_000)

  it('gives a member all, shares with a second one, and gives all back when that leaves', async () => {
    const first = Member.join(broker)
    await until('the first has all', () => first.partitions.length === all.length, 30_000)
    expect(first.partitions).toEqual(all)
    const second = Member.join(broker)
    await until('the second has some', () => second.partitions.length === all.length / 2)
    await until('the first has the others', () => first.partitions.length === all.length / 2)
    expect(sorted([...first.partitions, ...second.partitions])).toEqual(all)
    await second.leave()
    await until('the first has all again', () => first.partitions.length === all.length)
    expect(first.assigned.map(({ length }) => length)).toEqual([6, 3, 6])
    expect((await second.membership).fresh().partitions).toEqual([])
    await first.leave()
  }, 60_000)

  it('gives the partitions of a replica that was killed to another within 15 s, which stays in all the while', async () => {
    const other = new MemberProcess(options)
    await until('the other has all', () => other.partitions.length === all.length, 30_000)
    const survivor = Member.join(broker)
    await until('they share', () => survivor.partitions.length === 3 && other.partitions.length === 3)
    other.kill()
    await until('the survivor has all', () => survivor.partitions.length === all.length, 15_000)
    // Nothing is ever read, and the heartbeats go out all the same: it was never expelled.
    expect(survivor.assigned.map(({ length }) => length)).toEqual([3, 6])
    const { partitions, ageMs } = (await survivor.membership).fresh()
    expect(partitions).toEqual(all)
    expect(ageMs).toBeLessThan(4_000)
    await survivor.leave()
  }, 60_000)
})
