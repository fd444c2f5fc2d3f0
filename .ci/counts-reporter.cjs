const { existsSync, readFileSync, writeFileSync } = require('node:fs')

/**
 * A Jest reporter that adds `passed failed skipped kafka` to those in a file; the last says how many of the passed are tests of the
 * project kafka. A suite that could not run counts as one failure.
 */
module.exports = class CountsReporter {
  #file

  constructor(_globalConfig, { file }) {
    this.#file = file
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites
    const skipped = results.numPendingTests + results.numTodoTests
    const kafka = results.testResults
      .filter(({ displayName }) => displayName?.name === 'kafka')
      .reduce((sum, { numPassingTests }) => sum + numPassingTests, 0)
    const before = existsSync(this.#file) ? readFileSync(this.#file, 'utf8').split(' ').map(Number) : [0, 0, 0, 0]
    const counts = [results.numPassedTests, failed, skipped, kafka].map((count, index) => count + before[index])
    writeFileSync(this.#file, `${counts.join(' ')}\n`)
  }
}
