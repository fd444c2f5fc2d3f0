import kafkajs, { type KafkaConfig } from 'kafkajs'
import Client from 'kafkajs/src/broker/index.js'
import ConnectionPool, { type Connection } from 'kafkajs/src/network/connectionPool.js'
import socketFactory from 'kafkajs/src/network/socketFactory.js'
import { FETCH, type Request } from './protocol.js'

export const CONNECT_TIMEOUT_MS = 3_000

/** Longer than a leader waits for its replicas (see APPEND_TIMEOUT_MS), so that the broker's own word comes first. */
export const REQUEST_TIMEOUT_MS = 12_000

/** kafkajs looks for requests that are late ten times a second. */
const ABANDON_AFTER_MS = REQUEST_TIMEOUT_MS + 1_000

/** From version 11 on a broker that has lost a partition serves it on as a follower, whose end lags; before, it says so. */
const MAX_FETCH_VERSION = 10

const logger = new kafkajs.Kafka({ brokers: [], logLevel: kafkajs.logLevel.NOTHING }).logger()

/** A request that has not left: whatever it asked for has not happened. */
export class NotSent extends Error {
  constructor(cause: unknown) {
    super('The request was not sent.', { cause })
  }
}

export interface LinkOptions {
  readonly ssl: KafkaConfig['ssl']
  readonly sasl: KafkaConfig['sasl']
  readonly clientId: string
}

/**
 * A connection to a broker, until the first failure. It is never opened again: a kafkajs connection that broke within a response takes
 * what it has of it for the beginning of the next one.
 */
export class NodeLink {
  private closed = false

  private constructor(
    private readonly client: Client,
    private readonly connection: Connection,
  ) {}

  /** @param address `host:port` */
  static async open(address: string, options: LinkOptions): Promise<NodeLink> {
    const { hostname, port } = new URL(`kafka://${address}`)
    const connectionPool = new ConnectionPool({
      ...options,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      socketFactory: socketFactory(),
      logger,
    })
    const client = new Client({ connectionPool, logger })
    const link = new NodeLink(client, connectionPool.pool[0])
    try {
      await client.connect()
    } catch (error) {
      await link.close()
      throw error
    }
    const fetch = client.versions[FETCH.key]
    if (fetch !== undefined) fetch.maxVersion = Math.min(fetch.maxVersion, MAX_FETCH_VERSION)
    return link
  }

  get usable(): boolean {
    return !this.closed && this.connection.isConnected()
  }

  /**
   * One attempt, over by ABANDON_AFTER_MS. What partitions have to say, their errors too, is in the reply. Any failure closes the link.
   * @throws NotSent, or what kept the response from coming
   */
  async send<Body, Reply>({ api, body }: Request<Body, Reply>): Promise<Reply> {
    if (!this.usable) throw new NotSent(new Error('The connection was closed.'))
    const { request, response, requestTimeout } = this.client.lookupRequest(api.key, api.definition)(body)
    // kafkajs's own `parse` throws for the first partition with an error, and what the others have said is lost.
    const parse = (reply: Reply): Promise<Reply> => Promise.resolve(reply)
    const decode = (payload: Buffer): Promise<Reply> => response.decode(payload)
    try {
      return await answered(
        this.connection.send({
          request,
          response: { decode, parse },
          ...(requestTimeout === undefined ? {} : { requestTimeout }),
        }),
      )
    } catch (error) {
      void this.close()
      throw error
    }
  }

  /** Resolves when requests under way are over. */
  async close(): Promise<void> {
    this.closed = true
    await this.client.disconnect()
  }
}

/** kafkajs forgets to look after a request that is sent while its connection closes. */
async function answered<Reply>(reply: Promise<Reply>): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No response within ${ABANDON_AFTER_MS} ms.`)), ABANDON_AFTER_MS)
  })
  try {
    return await Promise.race([reply, late])
  } finally {
    clearTimeout(timer)
  }
}
