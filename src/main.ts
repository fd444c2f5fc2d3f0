import 'reflect-metadata'
import { Logger } from '@nestjs/common'
import { startMillrace } from './app.js'
import { ConfigError, loadConfig } from './config/config.js'
import { StoreError } from './engine.module.js'

const logger = new Logger('Millrace')

function fail(error: unknown): never {
  // What a person can mend is said in one line; anything else with its stack.
  const plain = error instanceof ConfigError || error instanceof StoreError
  process.stderr.write(`millrace: ${plain ? error.message : error instanceof Error ? error.stack : String(error)}\n`)
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
