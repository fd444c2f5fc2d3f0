import 'reflect-metadata'
import { Logger } from '@nestjs/common'
import { startMillrace } from './app.js'
import { loadConfig } from './config/config.js'
import { StartError } from './start-error.js'

const logger = new Logger('Millrace')

function fail(error: unknown): never {
  const said = error instanceof StartError ? error.message : error instanceof Error ? error.stack : String(error)
  process.stderr.write(`millrace: ${said}\n`)
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
