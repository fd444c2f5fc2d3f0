import type { EngineName } from './options.js'

/** How much of everything is measured. Every duration in seconds is per server and round, after a round that warms up and is dropped. */
export interface Settings {
  /** Load on the brokers before the first row. */
  readonly warmUpSeconds: number
  /** Interleaved rounds: one ratio each. */
  readonly rounds: number
  /** A stream for every connection. */
  readonly sends: { readonly connections: readonly number[]; readonly seconds: number }
  readonly ndjson: { readonly streams: number; readonly seconds: number }
  /** For each processor. */
  readonly processors: { readonly streams: number; readonly seconds: number; readonly rounds: number }
  readonly fanOut: { readonly readers: number; readonly senders: number; readonly seconds: number }
  readonly latency: { readonly readers: number; readonly sendsPerSecond: number; readonly seconds: number }
  /** Sends to each quiet stream, and to the slow one, whose processor takes `sleepMs` a record. */
  readonly neighbours: {
    readonly quietStreams: number
    readonly sendsPerSecond: number
    readonly slowSendsPerSecond: number
    readonly sleepMs: number
    readonly seconds: number
    readonly rounds: number
  }
  readonly replicas: { readonly readers: readonly number[]; readonly sendsPerSecond: number; readonly seconds: number }
  readonly original: { readonly connections: readonly number[]; readonly seconds: number; readonly repeats: number }
  readonly stored: { readonly results: number; readonly resumes: number; readonly starts: number }
  readonly idleReaders: { readonly readers: number; readonly settleSeconds: number; readonly repeats: number }
  readonly openStreams: { readonly streams: number; readonly settleSeconds: number; readonly repeats: number }
  readonly openWindows: { readonly streams: number; readonly settleSeconds: number; readonly repeats: number }
  readonly stoppedReader: { readonly readMebibytes: number; readonly mebibytes: number; readonly repeats: number }
}

/** The slow stream can do 5 records a second and gets 10. */
const neighbours = { quietStreams: 20, sendsPerSecond: 5, slowSendsPerSecond: 10, sleepMs: 200 }

const fullRun: Settings = {
  warmUpSeconds: 30,
  rounds: 7,
  sends: { connections: [128], seconds: 6 },
  ndjson: { streams: 8, seconds: 6 },
  processors: { streams: 8, seconds: 1, rounds: 13 },
  fanOut: { readers: 500, senders: 16, seconds: 6 },
  latency: { readers: 100, sendsPerSecond: 1000, seconds: 10 },
  neighbours: { ...neighbours, seconds: 10, rounds: 3 },
  replicas: { readers: [500, 50], sendsPerSecond: 100, seconds: 10 },
  original: { connections: [100, 200, 300, 400, 500, 600, 700, 800], seconds: 10, repeats: 3 },
  stored: { results: 1_000_000, resumes: 200, starts: 5 },
  // Longer than a heartbeat (15 s): a reader that has had one holds what it will hold.
  idleReaders: { readers: 10_000, settleSeconds: 20, repeats: 3 },
  openStreams: { streams: 100_000, settleSeconds: 5, repeats: 3 },
  openWindows: { streams: 100_000, settleSeconds: 5, repeats: 3 },
  stoppedReader: { readMebibytes: 256, mebibytes: 1024, repeats: 3 },
}

/** For CI: every row, at sizes that say little about speed but show that it still holds together. */
const quickRun: Settings = {
  warmUpSeconds: 8,
  rounds: 3,
  sends: { connections: [128], seconds: 2 },
  ndjson: { streams: 8, seconds: 2 },
  processors: { streams: 8, seconds: 1, rounds: 1 },
  fanOut: { readers: 500, senders: 16, seconds: 2 },
  latency: { readers: 100, sendsPerSecond: 1000, seconds: 3 },
  neighbours: { ...neighbours, seconds: 2, rounds: 1 },
  replicas: { readers: [500, 50], sendsPerSecond: 100, seconds: 4 },
  original: { connections: [100, 400, 800], seconds: 3, repeats: 1 },
  stored: { results: 100_000, resumes: 50, starts: 2 },
  idleReaders: { readers: 2_000, settleSeconds: 5, repeats: 1 },
  openStreams: { streams: 20_000, settleSeconds: 2, repeats: 1 },
  openWindows: { streams: 10_000, settleSeconds: 2, repeats: 1 },
  stoppedReader: { readMebibytes: 128, mebibytes: 128, repeats: 1 },
}

/** What differs on Kafka, where an append takes many milliseconds: rounds are longer, so that what is in flight at their end weighs less. */
function onKafka({ sends, latency, ...settings }: Settings): Settings {
  return {
    ...settings,
    sends: { connections: [100, 1000], seconds: 2 * sends.seconds },
    latency: { ...latency, sendsPerSecond: 100 },
  }
}

export function settingsOf(engine: EngineName, quick: boolean): Settings {
  const settings = quick ? quickRun : fullRun
  return engine === 'kafka' ? onKafka(settings) : settings
}
