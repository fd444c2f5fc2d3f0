import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Ajv } from 'ajv'
import type { SchemaObject } from 'ajv'
import { parse } from 'yaml'

import { readConfig } from '../../src/config/config.js'
import { SCHEMA } from '../../src/config/schema.js'
import { packageFolder } from '../support/package-folder.js'

interface Service {
  readonly image: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[]
  readonly logging: { readonly options: Readonly<Record<string, string>> }
  readonly healthcheck?: unknown
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const read = (path: string): string => readFileSync(join(packageFolder, path), 'utf8')

describe('docker/compose.yaml', () => {
  const compose = parse(read('docker/compose.yaml'), { merge: true, strict: true, uniqueKeys: true }) as Compose
  const named = (prefix: string): readonly (readonly [string, Service])[] =>
    Object.entries(compose.services).filter(([name]) => name.startsWith(prefix))
  const brokers = named('redpanda-')
  const replicas = named('millrace-')
  const balancer = compose.services.balancer

  it('is a Compose file by the schema of the specification', () => {
    // The name of a draft-07 schema that it gives is not the one that the draft has.
    const { $schema: _, ...schema } = JSON.parse(read('test/docker/compose-spec/compose-spec.json')) as SchemaObject
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema)
    validate(compose)
    expect(validate.errors).toBeNull()
  })

  it('has three brokers, two replicas and a balancer', () => {
    expect(Object.keys(compose.services).sort()).toEqual(
      ['balancer', ...brokers.map(([name]) => name), ...replicas.map(([name]) => name)].sort(),
    )
    expect([brokers.length, replicas.length]).toEqual([3, 2])
  })

  it('names an exact version of every image, of Millrace the one there is', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string }
    for (const { image } of Object.values(compose.services))
      expect(image).toMatch(/:v?[0-9]+\.[0-9]+\.[0-9]+(-alpine)?$/)
    for (const [, { image }] of replicas) expect(image).toBe(`millrace:${version}`)
  })

  it('configures each replica with keys that there are and values that are taken', () => {
    const keys: readonly string[] = Object.values(SCHEMA).map(({ name }) => name)
    for (const [, { environment = {} }] of replicas) {
      expect(keys).toEqual(expect.arrayContaining(Object.keys(environment)))
      // YAML has other types; what a process gets are texts.
      for (const value of Object.values(environment)) expect(typeof value).toBe('string')
      const kafkaBrokers = brokers.map(([name]) => `${name}:9092`)
      expect(readConfig(environment)).toMatchObject({ engine: 'kafka', host: '0.0.0.0', kafkaBrokers })
    }
  })

  it('gives each broker and each replica a volume of its own, where it keeps its data', () => {
    const folders = [
      ...brokers.map(([name]) => `${name}:/var/lib/redpanda/data`),
      ...replicas.map(([name, { environment = {} }]) => `${name}:${readConfig(environment).dataDir}`),
    ]
    expect([...brokers, ...replicas].flatMap(([, { volumes }]) => volumes)).toEqual(folders)
    expect(Object.keys(compose.volumes)).toEqual([...brokers, ...replicas].map(([name]) => name))
  })

  it('lets the brokers find each other, and sync what they ack', () => {
    const seeds = brokers.map(([name]) => `${name}:33145`).join()
    for (const [name, { command = [] }] of brokers) {
      expect(command).toEqual(
        expect.arrayContaining([
          `--advertise-kafka-addr=${name}:9092`,
          `--advertise-rpc-addr=${name}:33145`,
          `--seeds=${seeds}`,
          '--set=redpanda.empty_seed_starts_cluster=false',
          '--set=redpanda.developer_mode=false',
        ]),
      )
      expect(command.join(' ')).not.toMatch(/--mode|dev-container|unsafe-bypass-fsync|write_caching/)
    }
  })

  it('starts a replica when all brokers are healthy', () => {
    for (const [, { healthcheck }] of brokers) expect(healthcheck).toBeDefined()
    const healthy = Object.fromEntries(brokers.map(([name]) => [name, { condition: 'service_healthy' }]))
    for (const [, { depends_on }] of replicas) expect(depends_on).toEqual(healthy)
  })

  it('publishes the balancer alone, and on this machine alone', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    )
    expect(published).toEqual([['balancer', '127.0.0.1:8080:8080']])
    expect(balancer?.environment?.LISTEN).toMatch(/:8080$/)
  })

  it('gives the balancer every variable of its configuration, and the replicas by their names and ports', () => {
    const variables = [...read('docker/haproxy.cfg').matchAll(/"\$\{(.+?)\}"/g)].map(([, name]) => name)
    expect(Object.keys(balancer?.environment ?? {}).sort()).toEqual([...new Set(variables)].sort())
    const addresses = replicas.map(([name, { environment = {} }]) => `${name}:${readConfig(environment).port}`)
    expect([balancer?.environment?.REPLICA_1, balancer?.environment?.REPLICA_2]).toEqual(addresses)
    expect(balancer?.volumes).toEqual(['./haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro'])
  })

  it('bounds what every container logs', () => {
    for (const { logging } of Object.values(compose.services)) {
      expect(logging.options).toEqual({ 'max-size': '10m', 'max-file': '3' })
    }
  })
})

describe('docker/Dockerfile', () => {
  it('listens where the compose file and the balancer look for it', () => {
    const [, variables = ''] = /^ENV (.+)$/m.exec(read('docker/Dockerfile')) ?? []
    const environment = Object.fromEntries(variables.split(' ').map((pair) => pair.split('=', 2)))
    expect(readConfig(environment as Record<string, string>)).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      dataDir: '/data',
      engine: 'embedded',
    })
  })
})
