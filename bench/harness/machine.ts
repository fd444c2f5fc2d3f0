import { spawnSync } from 'node:child_process'
import { statfsSync } from 'node:fs'
import { cpus, release, tmpdir, totalmem, type } from 'node:os'

import type { Cores } from './pinning.js'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly pinned: Cores | 'no'
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  /** Type number of the file system under the data directories, as statfs(2) has it. */
  readonly dataFileSystem: string
}

const tmpfs = 0x01021994

export function describeMachine(cores: Cores | undefined): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    pinned: cores ?? 'no',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: `${type()} ${release()}`,
    node: process.version,
    dataFileSystem: `0x${statfsSync(tmpdir()).type.toString(16)}`,
  }
}

/** Whether the data directories lie in memory, where a sync costs nothing and durable figures mean nothing. */
export function dataInMemory(): boolean {
  return statfsSync(tmpdir()).type === tmpfs
}

/** The commit that was measured, marked if the working tree differs from it. */
export function commit(): string {
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' })
    return status === 0 ? stdout.trim() : undefined
  }
  const head = git('rev-parse', 'HEAD')
  if (head === undefined) return 'not committed'
  return git('status', '--porcelain') === '' ? head : `${head} with changes`
}
