// A day of temperatures, made by a model and not measured. Sensor s has at time t
//
//   18 + offset(s) + swing(s) · cos(2π · (t − 15:00) / 24 h) + noise
//
// with an offset of −4 to 4 and a swing of 3 to 6, both drawn once for each sensor, and noise that is normal with a deviation of 0.3.
// Each sensor is read every 20 s. A fault is one reading that is 10 to 15 too high or too low; no sensor has two. A reading arrives up
// to 8 s late, so they come in another order than they were taken in. The same seed makes the same day.

const SENSORS = 20
const EVERY_MS = 20_000
const DAY_MS = 86_400_000
const MOST_LATE_MS = 8_000
const FAULTS = 12
/** So many readings come before a sensor's fault: what is usual has to be known first. */
const WITHOUT_FAULT = 50
const START = Date.UTC(2025, 5, 21)
const WARMEST_MS = 15 * 3_600_000

export const READINGS_A_DAY = (SENSORS * DAY_MS) / EVERY_MS

/**
 * The first `count` readings of the day in order of their arrival, as `{ sensor, time, temperature }`, and which of them are faults.
 */
export function makeDay(count, seed) {
  const random = randomOf(seed)
  const between = (low, high) => low + (high - low) * random()
  const noise = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

  const rounds = Math.ceil(count / SENSORS)
  const sensors = Array.from({ length: SENSORS }, (_, index) => ({
    name: `sensor-${String(index + 1).padStart(2, '0')}`,
    offset: between(-4, 4),
    swing: between(3, 6),
    faultRound: index < FAULTS ? Math.floor(between(WITHOUT_FAULT, rounds)) : -1,
  }))

  const arrivals = []
  const faults = []
  for (let n = 0; n < count; n++) {
    const { name, offset, swing, faultRound } = sensors[n % SENSORS]
    const round = Math.floor(n / SENSORS)
    const sinceMidnight = round * EVERY_MS
    const rhythm = swing * Math.cos((2 * Math.PI * (sinceMidnight - WARMEST_MS)) / DAY_MS)
    const isFault = round === faultRound && rounds > WITHOUT_FAULT
    const fault = isFault ? between(10, 15) * (random() < 0.5 ? -1 : 1) : 0
    const temperature = Number((18 + offset + rhythm + 0.3 * noise() + fault).toFixed(2))
    const reading = { sensor: name, time: new Date(START + sinceMidnight).toISOString(), temperature }
    if (isFault) faults.push(reading)
    arrivals.push({ reading, at: sinceMidnight + between(0, MOST_LATE_MS) })
  }
  return { sensors: SENSORS, readings: arrivals.sort((a, b) => a.at - b.at).map(({ reading }) => reading), faults }
}

/** mulberry32: numbers from 0 up to 1. */
function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
