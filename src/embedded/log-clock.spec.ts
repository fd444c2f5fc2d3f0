import { LogClock } from './log-clock.js'

const noon = Date.parse('2030-01-01T12:00:00Z')

describe("the log's clock", () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: noon })
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  it('shows the time of day', () => {
    const clock = new LogClock(0)
    expect(clock.now()).toBe(noon)
    jest.advanceTimersByTime(1_500)
    expect(clock.now()).toBe(noon + 1_500)
  })

  it('is never behind what the log holds, and goes on from there, so that streams expire all the same', () => {
    const clock = new LogClock(noon + 3_600_000)
    expect(clock.now()).toBe(noon + 3_600_000)
    jest.advanceTimersByTime(500)
    expect(clock.now()).toBe(noon + 3_600_500)
  })

  it.each([
    ['forward', 3_600_000],
    ['back', -3_600_000],
  ])('expires nothing early, and stands still for nobody, when the time of day is set %s', (_direction, jumpMs) => {
    const clock = new LogClock(0)
    jest.setSystemTime(noon + jumpMs)
    jest.advanceTimersByTime(10)
    expect(clock.now()).toBe(noon + 10)
  })

  it('gives whole milliseconds', () => {
    const clock = new LogClock(0)
    for (let step = 0; step < 5; step++) {
      jest.advanceTimersByTime(0.3)
      expect(Number.isInteger(clock.now())).toBe(true)
    }
  })
})
