import 'reflect-metadata'
import { Logger } from '@nestjs/common'
import { startMillrace } from './app.js'
import { ConfigError, loadConfig } from './config/config.js'
import { StoreError, TopicError } from './engine.module.js'
import { ProcessorError } from './isolation/processor-error.js'

const logger = new Logger('Millrace')

function fail(error: unknown): never {
  // What a person can mend is said in one line; anything else with its stack.
  const plain = [ConfigError, ProcessorError, StoreError, TopicError].some((kind) => error instanceof kind)
  process.stderr.write(`millrace: ${error instanceof Error ? (plain ? error.message : error.stack) : String(error)}\n`)
  process.exit(1)
}

async function main(): Promise<void> {
  const config = loadConfig()
  const millrace = await startMillrace(config, fail)
  logger.log({ message: 'listening', url: millrace.url, dataDir: config.dataDir })
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      logger.log({ message: 'stopping', signal })
      millrace.stop().then(() => process.exit(0), fail)
    })
}

main().catch(fail)
