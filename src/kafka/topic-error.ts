import { StartError } from '../start-error.js'

/** Topics that cannot be used as they are: for each problem the message says what was found, what is needed and what mends it. */
export class TopicError extends StartError {
  override readonly name = 'TopicError'

  constructor(readonly problems: readonly string[]) {
    super(`The Kafka topics are not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
  }
}
