import { existsSync } from 'node:fs'
import { loadEnvFile } from 'node:process'
import { StartError } from '../start-error.js'
import { SCHEMA, type Config } from './schema.js'

/** Provider token of the frozen {@link Config}. */
export const CONFIG = Symbol('Config')

/** A start with bad values: names every bad key and what a good value looks like, never the value. */
export class ConfigError extends StartError {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/**
 * Reads the whole configuration; a key that is missing takes its default.
 * @throws ConfigError naming every bad key
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const values = Object.entries(SCHEMA).map(([field, key]) => {
    const value = key.parse(env[key.name] ?? key.fallback)
    if (value === undefined) problems.push(`${key.name} must be ${key.shape}`)
    return [field, value] as const
  })
  const config = Object.freeze(Object.fromEntries(values)) as unknown as Config
  // A body of unknown length is counted as the largest one.
  if (config.ingestBudgetBytes < config.maxBodyBytes)
    problems.push('INGEST_BUDGET_BYTES must be at least MAX_BODY_BYTES')
  if (config.engine === 'kafka' && config.kafkaBrokers.length === 0)
    problems.push('KAFKA_BROKERS must name at least one broker, since ENGINE is kafka')
  if (config.engine === 'embedded' && config.role !== 'all') problems.push('ROLE must be all, since ENGINE is embedded')
  if (config.engine === 'embedded' && config.processing === 'external')
    problems.push(
      'PROCESSING must be internal, since ENGINE is embedded: a job outside reads and writes topics of Kafka',
    )
  if (config.processing === 'external' && config.processors.length > 0)
    problems.push('PROCESSORS must be empty, since PROCESSING is external: they would not be run')
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

/** The configuration of this process: the environment, and `.env` in the working folder for what it does not set. */
export function loadConfig(): Config {
  if (existsSync('.env')) loadEnvFile('.env')
  return readConfig(process.env)
}
