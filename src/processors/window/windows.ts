import type { InputRecord, Results, State, StreamContext } from '#libs/processor'
import { keyMember } from '../fields.js'
import { isoTime } from '../times.js'
import { clockIn, Groups, keepClock, NEVER, type Clock, type Group } from './groups.js'
import type { WindowPlan } from './plan.js'
import type { Slice } from './slices.js'

type Stream = Pick<StreamContext, 'state' | 'timer'>

/**
 * The windows of streams with the same options. With a time of the records' own, the newest of them, less the lateness that is allowed,
 * is the watermark: what ends until there is closed. With the time of arrival the stream's timer closes, before any later record.
 */
export class Windows {
  private readonly groups: Groups

  constructor(private readonly plan: WindowPlan) {
    this.groups = new Groups(plan.summaries)
  }

  /** @throws Error if the record lacks what is needed, or is of one group too many: it changes nothing then */
  add(record: InputRecord, stream: Stream): Results {
    const { eventTime } = this.plan
    return eventTime ? this.addAtEventTime(record, eventTime, stream) : this.addAtArrival(record, stream)
  }

  onTimer(at: number, stream: Stream): Results {
    const { eventTime } = this.plan
    const clock = clockIn(stream.state)
    const results = this.close(stream.state, clock, eventTime ? NEVER : at)
    keepClock(stream.state, clock)
    if (!eventTime && clock.next !== NEVER) stream.timer = clock.next
    return results
  }

  end({ state }: Stream): Results {
    const clock = clockIn(state)
    const results = this.close(state, clock, NEVER)
    keepClock(state, clock)
    return results
  }

  private addAtArrival({ value, at }: InputRecord, stream: Stream): readonly never[] {
    const { state } = stream
    const key = this.plan.keyOf(value)
    const group = this.groups.load(state, key, at)
    if (group === undefined) {
      const clock = clockIn(state)
      this.admit(clock)
      keepClock(state, clock)
    }
    const end = this.count({ value, time: at, key, group }, state, at)
    if (stream.timer === undefined || end < stream.timer) stream.timer = end
    return NOTHING
  }

  private addAtEventTime({ value, at }: InputRecord, eventTime: EventTime, stream: Stream): Results {
    const { slicing, keyOf } = this.plan
    const { state } = stream
    const time = eventTime.timeOf(value)
    if (time - at > eventTime.aheadMs) throw new Error('The record claims a time that is too far ahead of its arrival.')
    const key = keyOf(value)
    const clock = clockIn(state)
    const watermark = Math.max(clock.watermark, time - eventTime.latenessMs)
    const results = watermark < clock.next ? NOTHING : this.close(state, clock, watermark)
    clock.watermark = watermark
    stream.timer = at + eventTime.idleMs
    const group = this.groups.load(state, key, time)
    if (slicing.isLate(time, group?.slices ?? [], watermark)) {
      clock.late += 1
      keepClock(state, clock)
      return eventTime.lateResults ? [...results, { late_record: value, late: clock.late }] : results
    }
    if (group === undefined) this.admit(clock)
    clock.next = Math.min(clock.next, this.count({ value, time, key, group }, state, watermark))
    keepClock(state, clock)
    return results
  }

  /** Counts a record in. Gives when the next window closes that it is in. */
  private count({ value, time, key, group = newGroup() }: Placed, state: State, watermark: number): number {
    const { slicing, summaries, amountOf } = this.plan
    const slice = slicing.sliceAt(time, group.slices, summaries)
    summaries.add(slice.summary, amountOf(value))
    this.groups.keep(state, key, group)
    return slicing.nextEnd(slice, watermark)
  }

  private admit(clock: Clock): void {
    if (clock.groups >= this.plan.maxGroups) throw new Error('There are as many groups as may be already.')
    clock.groups += 1
  }

  /** Closes what ends until `until`: by end, then by start, then by key. */
  private close(state: State, clock: Clock, until: number): Results {
    const { slicing, summaries } = this.plan
    const closed: { readonly key: string; readonly window: Slice }[] = []
    let [next, newest] = [NEVER, clock.watermark]
    for (const key of this.groups.keys(state)) {
      const { slices = [] } = this.groups.load(state, key) ?? {}
      for (const window of slicing.closing(slices, clock.watermark, until, summaries)) closed.push({ key, window })
      const open = slices.filter((slice) => slicing.lastEnd(slice) > until)
      for (const slice of slices) newest = Math.max(newest, slicing.lastEnd(slice))
      for (const slice of open) next = Math.min(next, slicing.nextEnd(slice, until))
      if (open.length < slices.length) this.groups.keep(state, key, { slices: open, isWhole: true })
      if (open.length === 0) clock.groups -= 1
    }
    clock.watermark = Math.min(until, newest)
    clock.next = next
    closed.sort(({ window: a }, { window: b }) => a.end - b.end || a.start - b.start)
    return closed.map(({ key, window }) => this.result(key, window, clock))
  }

  private result(key: string, { start, end, summary }: Slice, { late }: Clock): object {
    const { summaries, eventTime } = this.plan
    return {
      window: { start: isoTime(start), end: isoTime(end) },
      ...keyMember(key),
      ...summaries.results(summary, end - start),
      ...(eventTime && { late }),
    }
  }
}

/** A record with its time and its group, undefined for a new one. */
interface Placed {
  readonly value: unknown
  readonly time: number
  readonly key: string
  readonly group: Group | undefined
}

const newGroup = (): Group => ({ slices: [], isWhole: true })

type EventTime = NonNullable<WindowPlan['eventTime']>

const NOTHING: readonly never[] = []
