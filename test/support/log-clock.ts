/** In the tests of this block the log's clock is the test's, and nothing else is: `jest.setSystemTime` and `advanceTimersByTime`. */
export function logClock(): void {
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'clearImmediate',
        'setInterval',
        'clearInterval',
        'setTimeout',
        'clearTimeout',
      ],
    })
  })
  afterEach(() => {
    jest.useRealTimers()
  })
}
