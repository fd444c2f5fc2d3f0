import type { Bench, Row } from '../harness/bench.js'
import type { Figure } from '../harness/figure.js'
import { idleReaders } from './memory-idle-readers.js'
import { openStreams } from './memory-open-streams.js'
import { stoppedReader } from './memory-stopped-reader.js'

type Part = (bench: Bench) => Promise<Figure[]>

const parts: readonly Part[] = [idleReaders, openStreams, stoppedReader]

export const memory: Row = {
  name: 'memory',
  title: 'RssAnon of the server: idle readers, open streams, a reader that has stopped reading',
  limitMinutes: 20,
  async run(bench) {
    const figures: Figure[] = []
    for (const part of parts) figures.push(...(await part(bench)))
    return figures
  },
}
