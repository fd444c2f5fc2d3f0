import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { ConfigError, readConfig } from './config.js'
import { SCHEMA } from './schema.js'

const keys = Object.values(SCHEMA)

/** Keys that take any text, and those that take any but an empty one (or one with a space). */
const free = new Set(['KAFKA_USERNAME', 'KAFKA_PASSWORD', 'PROCESSORS'])
const texts = new Set(['HOST', 'DATA_DIR', 'KAFKA_PREFIX'])

function problemsOf(env: Readonly<Record<string, string>>): ConfigError {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was taken')
}

describe('the configuration', () => {
  it('needs nothing to be set', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      dataDir: './data',
      engine: 'embedded',
      streamIdleTimeoutMs: 600_000,
      resultRetentionMs: 86_400_000,
      maxBodyBytes: 1_048_576,
      maxCommitBytes: 4_194_304,
      readerBudgetBytes: 262_144,
      ingestBudgetBytes: 67_108_864,
    })
  })

  it('takes what is set, and cannot be changed', () => {
    const config = readConfig({ PORT: '0', HOST: '::', MAX_READERS: '5', PATH: '/bin' })
    expect([config.port, config.host, config.maxReaders, config.engine]).toEqual([0, '::', 5, 'embedded'])
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.keys(config).sort()).toEqual(Object.keys(SCHEMA).sort())
  })

  it('that is bad is refused with the name of every bad key, and with no value', () => {
    const secret = 'hunter2'
    const env = Object.fromEntries(keys.map(({ name }) => [name, texts.has(name) ? '' : secret]))
    const error = problemsOf(env)
    const names = keys.map(({ name }) => name).filter((name) => !free.has(name))
    expect(error.problems.map((problem) => problem.split(' ', 1)[0])).toEqual(names)
    expect(error.message).not.toContain(secret)
  })

  it('is never repeated in the message, whatever it is', () => {
    const marked = fc.string().map((text) => `§${text}§`)
    const names = fc.constantFrom(...keys.map(({ name }) => name).filter((name) => !free.has(name) && !texts.has(name)))
    fc.assert(
      fc.property(names, marked, (name, value) => {
        expect(problemsOf({ [name]: value }).message).not.toContain('§')
      }),
      { seed: announcedSeed('config.spec') },
    )
  })

  it.each([
    ['below the least', 'PORT', '-1'],
    ['above the most', 'PORT', '65536'],
    ['a fraction', 'PORT', '80.5'],
    ['an exponent', 'MAX_BODY_BYTES', '1e6'],
    ['hexadecimal', 'MAX_BODY_BYTES', '0x100000'],
    ['with a unit', 'MAX_BODY_BYTES', '1MB'],
    ['with a space', 'PORT', ' 80'],
    ['empty', 'PORT', ''],
    ['beyond what is exact', 'MAX_OPEN_STREAMS', '9007199254740993'],
    ['an engine that is not there', 'ENGINE', 'redis'],
    ['without a port', 'KAFKA_BROKERS', 'one:9092,two'],
    ['not the name of a topic', 'KAFKA_PREFIX', 'a b'],
    ['in the wrong case', 'LOG_LEVEL', 'LOG'],
    ['empty', 'HOST', ''],
  ])('has no value that is %s: %s=%s', (_, name, value) => {
    expect(problemsOf({ [name]: value }).problems).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))])
  })

  it('names the brokers where there is Kafka, and has one role where there is none', () => {
    expect(problemsOf({ ENGINE: 'kafka' }).problems).toEqual([expect.stringMatching(/^KAFKA_BROKERS must /)])
    expect(problemsOf({ ROLE: 'api' }).problems).toEqual([expect.stringMatching(/^ROLE must /)])
    const config = readConfig({ ENGINE: 'kafka', KAFKA_BROKERS: 'one:9092, [::1]:9093', ROLE: 'worker' })
    expect(config).toMatchObject({ engine: 'kafka', kafkaBrokers: ['one:9092', '[::1]:9093'], role: 'worker' })
  })

  it('has a job outside do the processing on Kafka only, and no processors of its own then', () => {
    const kafka = { ENGINE: 'kafka', KAFKA_BROKERS: 'one:9092' }
    expect(readConfig({ ...kafka, PROCESSING: 'external' })).toMatchObject({ processing: 'external' })
    expect(problemsOf({ PROCESSING: 'external' }).problems).toEqual([
      'PROCESSING must be internal, since ENGINE is embedded: a job outside reads and writes topics of Kafka',
    ])
    expect(problemsOf({ ...kafka, PROCESSING: 'external', PROCESSORS: './mine' }).problems).toEqual([
      expect.stringMatching(/^PROCESSORS must be empty/),
    ])
  })

  it('has room for the largest body among those it may hold', () => {
    const { problems } = problemsOf({ MAX_BODY_BYTES: '2097152', INGEST_BUDGET_BYTES: '1048576' })
    expect(problems).toEqual(['INGEST_BUDGET_BYTES must be at least MAX_BODY_BYTES'])
  })
})

describe('.env.example', () => {
  const lines = readFileSync(join(__dirname, '../../.env.example'), 'utf8').split('\n')

  it('lists exactly the keys there are, in order, each with its default and what it means', () => {
    const listed = lines.flatMap((line, index) => {
      const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line) ?? []
      return name === undefined ? [] : [[lines[index - 1], name, value]]
    })
    expect(listed).toEqual(keys.map(({ about, name, fallback }) => [`# ${about}`, name, fallback]))
  })

  it('is a configuration that is taken', () => {
    const env = Object.fromEntries(lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split('=', 2)))
    expect(readConfig(env as Record<string, string>)).toEqual(readConfig({}))
  })
})
