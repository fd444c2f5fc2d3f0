import { request } from '../client/http-connection.js'
import { type Bench, type Row, startServer, withServer } from '../harness/bench.js'
import { removeDirectory } from '../harness/cleanup.js'
import type { Figure } from '../harness/figure.js'
import type { Server } from '../harness/server.js'
import { quantile } from '../harness/statistics.js'
import { measureResumes, type Resumes, seedStream } from './resume.js'

const row = 'stored'

/** A connection is new, and so is the code of a process just started: what that takes by itself. */
async function bareResumes(bench: Bench, resumes: number): Promise<Figure[]> {
  // Cursor n is answered with the result of record n + 1.
  const cursors = Array.from({ length: 99 }, (_, n) => `${'0'.repeat(16)}-${n}`)
  const { millis, problems, cpu } = await withServer(bench, 'fastify', (server) =>
    measureResumes(server, 's', cursors, resumes),
  )
  const note = 'no store, no results, no Nest'
  const common = { row, unit: 'ms', problems, cpu, note }
  return [
    { ...common, name: 'bare Fastify, one event, p50', repeats: [p50Of(millis)] },
    { ...common, name: 'bare Fastify, one event, slowest', repeats: [Math.max(...millis)] },
  ]
}

const p50Of = (millis: readonly number[]): number =>
  quantile(
    [...millis].sort((a, b) => a - b),
    0.5,
  )

function resumeFigures(where: string, { millis, problems, cpu }: Resumes): Figure[] {
  return [
    {
      row,
      name: `resume ${where}, p50`,
      unit: 'ms',
      repeats: [p50Of(millis)],
      problems,
      cpu,
      note: `${millis.length} resumes`,
    },
    // The worst of all is what must reach the target, so no resume may be slow.
    {
      ...{ row, name: `resume ${where}, slowest`, unit: 'ms', repeats: [Math.max(...millis)], problems, cpu },
      target: { atMost: 10, worst: true },
    },
  ]
}

/** Stops and starts the server `times` over; answers it, started for the last time, and each start's milliseconds to ready. */
async function restarts(
  bench: Bench,
  server: Server,
  signal: 'SIGTERM' | 'SIGKILL',
  times: number,
): Promise<{ server: Server; millis: number[] }> {
  const millis: number[] = []
  let current = server
  for (let i = 0; i < times; i++) {
    await current.stop(signal)
    current = await startServer(bench, 'millrace', server.dataDir)
    millis.push(current.readyInMs)
  }
  return { server: current, millis }
}

export const stored: Row = {
  name: 'stored',
  title: 'resuming near the end of a long stream, and starting with its results',
  limitMinutes: 20,
  async run(bench) {
    const { results, resumes, starts } = bench.settings.stored
    const count = results.toLocaleString('en-US')
    let server = await startServer(bench, 'millrace')
    try {
      bench.progress(`storing ${count} results`)
      const cursors = await seedStream(server.port, 'long', results)
      const alone = await measureResumes(server, 'long', cursors, resumes)
      bench.progress(`starting ${starts} times after SIGTERM, ${starts} times after SIGKILL`)
      const stopped = await restarts(bench, server, 'SIGTERM', starts)
      const killed = await restarts(bench, stopped.server, 'SIGKILL', starts)
      server = killed.server
      const afterStart = await measureResumes(server, 'long', cursors, resumes)
      bench.progress(`storing another ${count} results, of another stream`)
      await seedStream(server.port, 'other', results)
      const beside = await measureResumes(server, 'long', cursors, resumes)
      const kept = (await request(server.port, 'GET', '/stream/long')).body.includes(`"latest":${results}`)
      const problems = kept ? [] : ['results are missing after the restarts']
      const target = { atMost: 3000, worst: true }
      return [
        ...resumeFigures(`at the end of ${count}`, alone),
        ...resumeFigures('after a restart', afterStart),
        ...resumeFigures(`beside another ${count}`, beside),
        ...(await bareResumes(bench, resumes)),
        { row, name: `start with ${count} results, stopped`, unit: 'ms', repeats: stopped.millis, target, problems },
        { row, name: `start with ${count} results, killed`, unit: 'ms', repeats: killed.millis, target, problems },
      ]
    } finally {
      await server.stop()
      removeDirectory(server.dataDir)
    }
  },
}
