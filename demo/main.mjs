// npm run demo: a day of sensors in a few seconds. One stream tells the mean and the extremes of each sensor's quarters of an hour, the
// other one finds the planted faults; then what readers got is compared with what was sent.
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { makeDay, READINGS_A_DAY } from './day.mjs'
import { Screen, table } from './screen.mjs'
import { startServer } from './server.mjs'
import { Stream } from './streams.mjs'

const WINDOW_MS = 900_000
const BATCH = 500

const { values } = parseArgs({
  options: {
    readings: { type: 'string', default: String(READINGS_A_DAY) },
    seconds: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
  },
})
const [count, seconds, seed] = [values.readings, values.seconds, values.seed].map(Number)
if (!(Number.isInteger(count) && count >= 1 && count <= READINGS_A_DAY && seconds >= 0 && Number.isInteger(seed))) {
  console.error(`npm run demo -- --readings 1…${READINGS_A_DAY} --seconds 8 (0: as fast as it goes) --seed 1`)
  process.exit(2)
}

const { sensors, readings, faults } = makeDay(count, seed)
const nameOf = (key, time) => `${key} ${Math.floor(Date.parse(time) / WINDOW_MS)}`
const expectedWindows = new Set(readings.map(({ sensor, time }) => nameOf(sensor, time)))
const planted = new Set(faults.map(({ sensor, temperature }) => `${sensor} ${temperature}`))

const seenWindows = new Set()
const found = new Set()
const totals = { windowResults: 0, counted: 0, falseAlarms: 0, errors: 0 }
const state = {
  sent: 0,
  total: 2 * readings.length,
  startedAt: performance.now(),
  windows: { seen: 0, expected: expectedWindows.size },
  faults: { seen: 0, expected: planted.size },
}

function onWindow({ window: { start, end }, key, count, mean, min, max }) {
  totals.windowResults++
  totals.counted += count
  seenWindows.add(nameOf(key, start))
  state.windows.seen = seenWindows.size
  const values = `mean ${mean.toFixed(1)}, ${min.toFixed(1)} to ${max.toFixed(1)}`
  state.lastWindow = `last ${key} ${start.slice(11, 16)}-${end.slice(11, 16)}: ${values}`
}

function onAnomaly({ key, value, mean }) {
  if (planted.has(`${key} ${value}`)) found.add(`${key} ${value}`)
  else totals.falseAlarms++
  state.faults.seen = found.size
  state.lastFault = `last ${key}: ${value.toFixed(1)}, usual ${mean.toFixed(1)}`
}

async function read(stream, onData) {
  for await (const result of stream.results()) {
    if (result.status === 'success') onData(result.data)
    else totals.errors++
  }
}

async function play(streams, screen) {
  for (let from = 0; from < readings.length; from += BATCH) {
    const batch = readings.slice(from, from + BATCH)
    await Promise.all(streams.map((stream) => stream.send(batch)))
    state.sent += streams.length * batch.length
    screen.changed()
    const early = state.startedAt + (1000 * seconds * state.sent) / state.total - performance.now()
    if (early > 0) await setTimeout(early)
  }
  state.stoppedAt = performance.now()
  await Promise.all(streams.map((stream) => stream.end()))
}

async function demo(url) {
  const [windows, anomalies] = [new Stream(url, 'quarters'), new Stream(url, 'faults')]
  await windows.start('window', {
    kind: 'tumbling',
    size_ms: WINDOW_MS,
    time_field: 'time',
    allowed_lateness_ms: 10_000,
    key_field: 'sensor',
    value_field: 'temperature',
    aggregates: ['count', 'mean', 'min', 'max'],
  })
  await anomalies.start('anomaly', { key_field: 'sensor', value_field: 'temperature', threshold: 7 })
  state.startedAt = performance.now()
  const screen = new Screen(process.stdout, state)
  const reading = Promise.all([read(windows, onWindow), read(anomalies, onAnomaly)])
  try {
    await Promise.all([play([windows, anomalies], screen), reading])
  } finally {
    screen.close()
  }
}

/** Starts a server, and stops it whatever happens. */
async function onServer(work) {
  const server = await startServer()
  try {
    const interrupted = new Promise((_, reject) => {
      process.once('SIGINT', () => reject(new Error('interrupted')))
    })
    await Promise.race([work(server.url), server.died, interrupted])
  } finally {
    await server.stop()
  }
}

console.log(
  `A day of ${sensors} sensors: ${count.toLocaleString('en')} readings, ${planted.size} planted faults, seed ${seed}`,
)
try {
  await onServer(demo)
} catch (error) {
  console.error(`The demo stopped: ${error.message}`)
  process.exit(1)
}

const rows = [
  ['readings counted in windows', count, totals.counted],
  ['windows', expectedWindows.size, totals.windowResults],
  ['different windows', expectedWindows.size, seenWindows.size],
  ['error results', 0, totals.errors],
]
console.log(
  `\n${table(['', 'expected', 'seen'], [...rows, ['faults found', planted.size, found.size], ['false alarms', 0, totals.falseAlarms]])}`,
)
// How well anomalies are found is up to the threshold; that nothing is lost or doubled is not.
if (rows.some(([, expected, seen]) => expected !== seen)) process.exitCode = 1
