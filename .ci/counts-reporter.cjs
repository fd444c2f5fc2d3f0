const { writeFileSync } = require('node:fs')

/**
 * A Jest reporter that leaves `passed failed skipped kafka` in a file; the last says how many of the passed are tests of the
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
    writeFileSync(this.#file, `${results.numPassedTests} ${failed} ${skipped} ${kafka}\n`)
  }
}
