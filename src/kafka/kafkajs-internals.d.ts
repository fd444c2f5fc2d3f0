// What is used of kafkajs 2.2.4 below its public API; its last release is of 2023. Only what is used is declared.

declare module 'kafkajs/src/protocol/requests/index.js' {
  /** A request made from its body, ready to be sent, and how to read the response. */
  interface Exchange<Reply> {
    readonly request: unknown
    readonly response: {
      decode(payload: Buffer): Promise<Reply>
      /** Throws for the first error code in the reply. */
      parse(reply: Reply): Promise<Reply>
    }
    readonly requestTimeout?: number
  }

  /** The versions of a request that kafkajs knows. */
  interface Definition<Body, Reply> {
    protocol(options: { version: number }): (body: Body) => Exchange<Reply>
  }

  interface MetadataReply {
    readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[]
    readonly topicMetadata: readonly {
      readonly topic: string
      /** `leader` is -1 while there is none. */
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
    }[]
  }

  interface ProduceReply {
    readonly topics: readonly {
      readonly topicName: string
      readonly partitions: readonly {
        readonly partition: number
        readonly errorCode: number
        readonly baseOffset: string
      }[]
    }[]
  }

  interface FetchedRecord {
    readonly offset: string
    /** Ms since 1970: of the append where the topic says LogAppendTime, else the sender's. */
    readonly timestamp: string
    readonly value: Buffer | null
    /** Of a transaction; not a message. */
    readonly isControlRecord: boolean
  }

  /** Every record tells of the batch that it came in. */
  interface BatchedRecord extends FetchedRecord {
    readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
  }

  interface AbortedTransaction {
    readonly producerId: string
    readonly firstOffset: string
  }

  interface FetchReply {
    readonly responses: readonly {
      readonly topicName: string
      readonly partitions: readonly {
        readonly partition: number
        readonly errorCode: number
        /** Of a fetch with READ_COMMITTED; else null. */
        readonly abortedTransactions: readonly AbortedTransaction[] | null
        readonly messages: readonly BatchedRecord[]
      }[]
    }[]
  }

  interface ListOffsetsReply {
    readonly responses: readonly {
      readonly topic: string
      readonly partitions: readonly {
        readonly partition: number
        readonly errorCode: number
        readonly offset: string
      }[]
    }[]
  }

  interface DeleteRecordsReply {
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly errorCode: number }[]
    }[]
  }

  const protocol: {
    readonly requests: {
      readonly Metadata: Definition<
        { readonly topics: readonly string[]; readonly allowAutoTopicCreation: boolean },
        MetadataReply
      >
      readonly Produce: Definition<
        {
          readonly acks: number
          /** How long the broker waits for the replicas, in ms. */
          readonly timeout: number
          readonly topicData: readonly {
            readonly topic: string
            readonly partitions: readonly {
              readonly partition: number
              readonly messages: readonly { readonly key: string; readonly value: string }[]
            }[]
          }[]
        },
        ProduceReply
      >
      readonly Fetch: Definition<
        {
          readonly maxWaitTime: number
          readonly minBytes: number
          readonly maxBytes: number
          readonly isolationLevel: number
          readonly topics: readonly {
            readonly topic: string
            readonly partitions: readonly {
              readonly partition: number
              readonly fetchOffset: number
              readonly maxBytes: number
            }[]
          }[]
        },
        FetchReply
      >
      readonly ListOffsets: Definition<
        {
          readonly isolationLevel: number
          readonly topics: readonly {
            readonly topic: string
            readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[]
          }[]
        },
        ListOffsetsReply
      >
      readonly DeleteRecords: Definition<
        {
          readonly timeout: number
          readonly topics: readonly {
            readonly topic: string
            readonly partitions: readonly { readonly partition: number; readonly offset: number }[]
          }[]
        },
        DeleteRecordsReply
      >
    }
  }
  export type {
    AbortedTransaction,
    BatchedRecord,
    DeleteRecordsReply,
    Definition,
    Exchange,
    FetchedRecord,
    FetchReply,
    ListOffsetsReply,
    MetadataReply,
    ProduceReply,
  }
  export default protocol
}

declare module 'kafkajs/src/protocol/error.js' {
  import type { KafkaJSProtocolError } from 'kafkajs'
  const errors: { createErrorFromCode(code: number): KafkaJSProtocolError }
  export default errors
}

declare module 'kafkajs/src/network/socketFactory.js' {
  import type { ISocketFactory } from 'kafkajs'
  export default function socketFactory(): ISocketFactory
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  import type { Logger } from 'kafkajs'

  interface QueuedRequest {
    readonly entry: { readonly correlationId: number; readonly resolve: () => void; readonly reject: () => void }
    readonly expectResponse: boolean
    readonly sendRequest: () => void
  }

  /** What is on its way on a connection, and what waits because a broker wants it to, or because enough is on its way. */
  export default class RequestQueue {
    constructor(options: {
      readonly maxInFlightRequests: number | null
      readonly requestTimeout: number
      readonly clientId: string
      readonly broker: string
      readonly logger: Logger
    })
    readonly pending: readonly unknown[]
    /** Ms since 1970; -1 at first. */
    readonly throttledUntil: number
    throttleCheckTimeoutId: NodeJS.Timeout | null
    push(request: QueuedRequest): void
    fulfillRequest(response: { readonly correlationId: number; readonly payload: Buffer; readonly size: number }): void
    /** As a broker asks for it, in ms. */
    maybeThrottle(ms: number): void
    /** Sends what can be sent. */
    checkPendingRequests(): void
    scheduleCheckPendingRequests(): void
  }
}

declare module 'kafkajs/src/network/connectionPool.js' {
  import type { ISocketFactory, KafkaConfig, Logger } from 'kafkajs'
  import type { Exchange } from 'kafkajs/src/protocol/requests/index.js'

  interface Connection {
    isConnected(): boolean
    /** Rejects if it is not connected: only the pool connects. */
    send<Reply>(exchange: Exchange<Reply>): Promise<Reply>
  }

  export type { Connection }
  export default class ConnectionPool {
    constructor(options: {
      readonly host: string
      readonly port: number
      readonly ssl: KafkaConfig['ssl']
      readonly sasl: KafkaConfig['sasl']
      readonly clientId: string
      readonly connectionTimeout: number
      readonly requestTimeout: number
      readonly socketFactory: ISocketFactory
      readonly logger: Logger
    })
    /** The first is the one that a client opens when it connects. */
    readonly pool: readonly [Connection, Connection]
  }
}

declare module 'kafkajs/src/broker/index.js' {
  import type { ApiVersions, Logger } from 'kafkajs'
  import type ConnectionPool from 'kafkajs/src/network/connectionPool.js'
  import type { Definition, Exchange } from 'kafkajs/src/protocol/requests/index.js'

  export default class Broker {
    constructor(options: { readonly connectionPool: ConnectionPool; readonly logger: Logger })
    /** Opens the first connection, learns the versions and authenticates. */
    connect(): Promise<void>
    /** Waits for requests under way. */
    disconnect(): Promise<void>
    /** Of each API, by its key; there once connected. */
    readonly versions: ApiVersions
    /** The newest version that both sides know. */
    lookupRequest<Body, Reply>(apiKey: number, definition: Definition<Body, Reply>): (body: Body) => Exchange<Reply>
  }
}
