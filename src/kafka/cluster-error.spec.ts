import { freePort } from '../../test/support/free-port.js'
import { brokerOptions } from '../../test/support/kafkajs-broker.js'
import { ClusterError } from './cluster-error.js'
import { KafkajsBroker } from './kafkajs-broker.js'

// The client tries for six seconds.
jest.setTimeout(30_000)

const settings = 'KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME and KAFKA_PASSWORD'

describe('a cluster that cannot be used', () => {
  it('since nobody listens, is said in one line', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const opened = KafkajsBroker.open(brokerOptions({ brokers: [address] }))
    await expect(opened).rejects.toThrow(ClusterError)
    await expect(opened).rejects.toThrow(
      new RegExp(`^The Kafka cluster at ${address} cannot be used: .*ECONNREFUSED.*; check ${settings}$`),
    )
  })

  it('is said with the code that is behind an error without words: Node has none where a name has two addresses', () => {
    const refused = Object.assign(new Error('Connection error: '), { code: 'ECONNREFUSED' })
    const { message } = new ClusterError(['localhost:1'], new Error('Connection error: ', { cause: refused }))
    expect(message).toContain('cannot be used: Connection error: ECONNREFUSED; check')
  })

  it('is said in one line though the reason has several, and a full stop', () => {
    const { message } = new ClusterError(['a:1', 'b:2'], new Error('handshake failure:\nalert number 42.\n'))
    expect(message).toBe(
      `The Kafka cluster at a:1, b:2 cannot be used: handshake failure: alert number 42; check ${settings}`,
    )
  })
})
