import { readFileSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Bytes that a file of `folder`, which need not be there yet, may still grow by: what is free in the file system, and what the process's
 * limit of a file's size (RLIMIT_FSIZE) leaves. Infinity where that cannot be known; a quota is not seen. Takes about 30 µs.
 */
export function diskRoom(folder: string, file: string): number {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder)
    // File systems that do not count say that they have no blocks.
    const free = blocks === 0 ? Infinity : bavail * bsize
    return Math.min(free, sizeLimit() - (statSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0))
  } catch {
    return Infinity
  }
}

/** @throws where there is no /proc */
function sizeLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1')
  return Number(/^Max file size +([0-9]+)/m.exec(limits)?.[1] ?? Infinity)
}
