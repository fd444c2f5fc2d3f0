import { afterTests } from '../support/clean-up.js'
import { Client } from '../support/client.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaEnv } from '../support/engine-env.js'
import { SecureBroker } from '../support/secure-broker.js'
import { Server } from '../support/server.js'
import { resultsSoFar, startStream } from '../support/streams.js'

// A broker starts, and a server waits for it.
jest.setTimeout(120_000)

describeOnKafka('a cluster that takes clients by TLS and SASL alone', () => {
  let broker: SecureBroker
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    broker = await SecureBroker.start()
    afterTests(() => broker.stop())
    env = {
      ...kafkaEnv(),
      KAFKA_BROKERS: broker.address,
      KAFKA_LOW_REPLICATION: 'allow',
      KAFKA_TLS: 'on',
      KAFKA_USERNAME: broker.user,
      KAFKA_PASSWORD: broker.password,
      NODE_EXTRA_CA_CERTS: broker.certificate,
    }
  })

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('serves streams to who comes with %s', async (mechanism) => {
    const server = await Server.start({ env: { ...env, KAFKA_SASL: mechanism } })
    const client = new Client(server.url)
    const id = await startStream(client)
    await client.send(id, 'sealed')
    expect(await resultsSoFar(client, id)).toEqual(['SEALED'])
    await server.kill('SIGTERM')
  })

  it.each([
    ['a wrong password', { KAFKA_PASSWORD: 'guessed' }, 'SASL PLAIN authentication failed'],
    ['a certificate that is not trusted', { NODE_EXTRA_CA_CERTS: '' }, 'self-signed certificate'],
  ])('refuses %s, and the server stops and says why in one line', async (_what, wrong, reason) => {
    const server = await Server.prepare({ env: { ...env, KAFKA_SASL: 'plain', ...wrong } })
    server.launch()
    expect(await server.exited).toMatchObject({ code: 1 })
    const [line, ...more] = server.output.split('\nmillrace: ')[1]?.trim().split('\n') ?? []
    expect(line).toMatch(new RegExp(`^The Kafka cluster at ${broker.address} cannot be used: .*${reason}`))
    expect(line).toMatch(/; check KAFKA_BROKERS, .* and KAFKA_PASSWORD$/)
    expect(more).toEqual([])
  })

  it('lets nobody in without rights, and the server stops and says which topics it may not create', async () => {
    const server = await Server.prepare({
      env: { ...env, KAFKA_SASL: 'plain', KAFKA_USERNAME: SecureBroker.stranger, KAFKA_PREFIX: 'strange' },
    })
    server.launch()
    expect(await server.exited).toMatchObject({ code: 1 })
    const said = server.output.split('\nmillrace: ')[1]
    for (const topic of ['strange.input', 'strange.commits'])
      expect(said).toContain(`\n  ${topic} cannot be created: Not authorized to access topics`)
  })
})
