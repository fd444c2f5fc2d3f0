import { freePort } from '../../test/support/free-port.js'
import { brokerOptions } from '../../test/support/kafkajs-broker.js'
import { ClusterError } from './cluster-error.js'
import { KafkajsBroker } from './kafkajs-broker.js'

// The client tries for six seconds.
jest.setTimeout(30_000)

const settings = 'KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME and KAFKA_PASSWORD'

describe('a cluster that cannot be used', () => {
  // A name may stand for two addresses: Node's error then has no message.
  it.each(['127.0.0.1', 'localhost'])('at %s, where nobody listens, is said in one line', async (host) => {
    const address = `${host}:${await freePort()}`
    const opened = KafkajsBroker.open(brokerOptions({ brokers: [address] }))
    await expect(opened).rejects.toThrow(ClusterError)
    await expect(opened).rejects.toThrow(
      new RegExp(`^The Kafka cluster at ${address} cannot be used: .*ECONNREFUSED.*; check ${settings}$`),
    )
  })

  it('is said in one line though the reason has several, and a full stop', () => {
    const { message } = new ClusterError(['a:1', 'b:2'], new Error('handshake failure:\nalert number 42.\n'))
    expect(message).toBe(
      `The Kafka cluster at a:1, b:2 cannot be used: handshake failure: alert number 42; check ${settings}`,
    )
  })
})
