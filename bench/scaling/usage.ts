import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

import { pause } from '../harness/deadline.js'
import { anonymousBytes, cpuSeconds } from '../harness/proc.js'
import type { KafkaCluster, KafkaNode } from '../../test/support/kafka-cluster.js'

const nodes: readonly KafkaNode[] = [1, 2, 3]
const mebibyte = 2 ** 20

export type Process = number | 'self'

/** CPU seconds of each process over `work`. */
export async function cpuOver(processes: readonly Process[], work: Promise<unknown>): Promise<number[]> {
  const before = processes.map((pid) => cpuSeconds(pid))
  await work
  return processes.map((pid, index) => cpuSeconds(pid) - (before[index] ?? 0))
}

/** Of each process while nothing is asked of it: 1 is a whole core. */
export async function idleCores(processes: readonly Process[], seconds: number): Promise<number[]> {
  const used = await cpuOver(processes, pause(seconds * 1000))
  return used.map((cpu) => cpu / seconds)
}

export const brokerPids = (cluster: KafkaCluster): number[] => nodes.map((node) => cluster.pid(node))

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

export const mebibytes = (pid: number): number => anonymousBytes(pid) / mebibyte

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** What the files of a folder take on the disk, in MiB. */
export function onDisk(folder: string): number {
  const { stdout } = spawnSync('du', ['-sk', folder], { encoding: 'utf8' })
  return Number.parseInt(stdout, 10) / 1024
}
