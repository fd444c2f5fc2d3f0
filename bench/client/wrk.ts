import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { killAtExit } from '../harness/cleanup.js'

/** What bench/lua/report.lua prints. `requests` were answered; `nonTwoXx` of them with another status than 2xx or 3xx. */
export interface WrkReport {
  readonly seconds: number
  readonly requests: number
  readonly nonTwoXx: number
  readonly connect: number
  readonly read: number
  readonly write: number
  readonly timeout: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly counts: Readonly<Record<string, number>>
}

export interface WrkLoad {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly script: 'send.lua' | 'mix.lua'
  readonly prefix: string
  readonly streams: number
  /** 1 to 9: tells the records of one run from those of another. */
  readonly round: number
}

/** A slow answer is an answer: wrk would count one of more than 2 s among its socket errors. */
const patience = '30s'

/** The scripts are not compiled: they stay in bench/lua, seen here from dist/bench/client. */
const scripts = fileURLToPath(new URL('../../../bench/lua/', import.meta.url))

export function hasWrk(): boolean {
  return spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined
}

/** Runs wrk with one thread, on this process's core: more threads on one core only take turns. */
export async function runWrk(load: WrkLoad): Promise<WrkReport> {
  const { port, connections, seconds, script, prefix, streams, round } = load
  const options = ['-t1', '--timeout', patience, `-c${connections}`, `-d${seconds}s`, '-s', scripts + script]
  const target = [`http://127.0.0.1:${port}`, '--', prefix, ...[streams, connections, round].map(String)]
  const running = promisify(execFile)('wrk', [...options, ...target], { timeout: (seconds + 30) * 1000 })
  killAtExit(running.child)
  const { stdout, stderr } = await running
  const report = /^RESULT (.*)$/m.exec(stdout)?.[1]
  if (report === undefined) throw new Error(`wrk reported nothing: ${stderr || stdout}`)
  return JSON.parse(report) as WrkReport
}

export function socketErrors(report: WrkReport): number {
  return report.connect + report.read + report.write + report.timeout
}
