import { check } from './checker.js'
import { KillStage } from './kill-stage.js'
import { KillStream } from './kill-stream.js'
import { writerKinds } from './kill-writer.js'
import { seeded } from './random.js'
import { Server } from './server.js'
import type { ServerOptions } from './server.js'
import { until } from './until.js'
import type { Violation } from './violation.js'

export interface KillPlan {
  readonly seed: number
  readonly rounds: number
  /** At least as many sends are acked in each round before its kill. */
  readonly acksPerRound: number
  /** Open at any time. */
  readonly streams: number
  /** How long readers may take, at the end, to get what they have not got. */
  readonly drainMs?: number
  /** Whether, in one of the rounds, the server that starts after the kill is killed while it does. Default: yes. */
  readonly withStartKill?: boolean
  readonly server?: ServerOptions
}

export interface KillReport {
  readonly violations: readonly Violation[]
  readonly ackedPerRound: readonly number[]
  readonly streams: number
}

/**
 * Kills the server again and again in the middle of its work, starts it again on what is left on disk, and at the end lets the
 * checker judge all that its clients saw. The seed decides what they send and when kills fall due; the system's own timing adds to it.
 */
export async function runKills(plan: KillPlan): Promise<KillReport> {
  const random = seeded(plan.seed)
  const started = performance.now()
  const stage = new KillStage(await Server.start(plan.server), random)
  const startMs = performance.now() - started
  const streams: KillStream[] = []
  const open = async (): Promise<void> => {
    const number = streams.length
    const kinds = [0, 1].map((index) => writerKinds[(number * 2 + index) % writerKinds.length] ?? 'single')
    streams.push(await KillStream.open(stage, `stream-${number}`, kinds))
  }
  for (let count = 0; count < plan.streams; count++) await open()

  const ackedPerRound: number[] = []
  const ends: Promise<void>[] = []
  const roundOfStartKill = (plan.withStartKill ?? true) ? random.int(1, plan.rounds) : 0
  for (let round = 1; round <= plan.rounds; round++) {
    const before = stage.history.acked
    for (const stream of streams) stream.disturb()
    const [chosen, ...others] = streams.filter((stream) => !stream.isEnded)
    if (chosen) random.pick([chosen, ...others]).read()
    const target = before + plan.acksPerRound + random.int(0, plan.acksPerRound / 2)
    await until(`${target} sends are acked`, () => stage.history.acked >= target, 60_000)
    // One stream in each round ends, and another begins, about when the kill falls.
    if (chosen) ends.push(random.pick([chosen, ...others]).end())
    const opening = stage.history.background(open())
    await killAfter(stage, random.int(0, 30))
    ackedPerRound.push(stage.history.acked - before)
    if (round === roundOfStartKill) {
      stage.server.launch()
      await killAfter(stage, random.int(0, startMs))
    }
    await stage.server.restart()
    stage.isBack()
    await opening
  }

  stage.isOver = true
  await Promise.all([...ends, ...streams.map((stream) => stream.drain(plan.drainMs))])
  await stage.server.kill()
  return { violations: check(stage.history), ackedPerRound, streams: streams.length }
}

/** By the clock and not by an event of the clients: a kill must fall between any two steps of the server. */
async function killAfter(stage: KillStage, delayMs: number): Promise<void> {
  setTimeout(() => {
    stage.goesDown()
    void stage.server.kill()
  }, delayMs)
  await stage.server.exited
}
