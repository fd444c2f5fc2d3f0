import { execFileSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from './free-port.js'
import type { JavaRuntime } from './java-runtime.js'
import { kafkaHere, KafkaJava, newClusterId, type KafkaSettings } from './kafka-java.js'
import { KafkaProcesses } from './kafka-processes.js'

const user = 'millrace'
const password = 'not a secret'
const storePassword = 'changeit'

// Kafka takes its time on a machine that is busy with other tests.
const startLimitMs = 60_000

/** One real broker that takes clients by TLS and SASL alone, PLAIN and SCRAM. */
export class SecureBroker {
  /** May come, by PLAIN and with the same password, and do nothing. */
  static readonly stranger = 'stranger'

  /** May do all. */
  readonly user = user
  readonly password = password

  private constructor(
    private readonly processes: KafkaProcesses,
    /** `host:port` */
    readonly address: string,
    /** PEM file of the certificate that a client must trust. */
    readonly certificate: string,
  ) {}

  /** A broker that is ready. */
  static async start(): Promise<SecureBroker> {
    const processes = KafkaProcesses.keep(await mkdtemp(join(tmpdir(), 'millrace-kafka-')))
    const { folder } = processes
    const certificate = join(folder, 'certificate.pem')
    const here = await kafkaHere()
    keytool(here.java, folder, '-genkeypair', '-keyalg', 'EC', '-dname', 'CN=127.0.0.1', '-ext', 'SAN=IP:127.0.0.1')
    keytool(here.java, folder, '-exportcert', '-rfc', '-file', certificate)
    const [secure, plain, controller] = [await freePort(), await freePort(), await freePort()]
    const java = new KafkaJava(processes, here)
    const scram = ['256', '512'].flatMap((bits) => [
      '--add-scram',
      `SCRAM-SHA-${bits}=[name=${user},password="${password}"]`,
    ])
    await java.format('broker', settings(folder, { secure, plain, controller }), newClusterId(), ...scram)
    await java.launch('broker')
    try {
      await java.ready('broker', `127.0.0.1:${plain}`, 1, startLimitMs)
    } catch (cause) {
      const log = await processes.log('broker')
      await processes.end()
      throw new Error(`Kafka did not start:\n${log}`, { cause })
    }
    return new SecureBroker(processes, `127.0.0.1:${secure}`, certificate)
  }

  async stop(): Promise<void> {
    await this.processes.end()
  }
}

/** It comes with Java. */
function keytool(java: JavaRuntime, folder: string, command: string, ...options: readonly string[]): void {
  const store = [
    '-keystore',
    join(folder, 'keys.p12'),
    '-storetype',
    'PKCS12',
    '-storepass',
    storePassword,
    '-alias',
    'broker',
  ]
  execFileSync(java.program('keytool'), [command, ...store, ...options], { stdio: 'pipe' })
}

function settings(
  folder: string,
  ports: { readonly secure: number; readonly plain: number; readonly controller: number },
): KafkaSettings {
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  return {
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    'listener.security.protocol.map': 'SECURE:SASL_SSL,PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `SECURE://127.0.0.1:${ports.secure},PLAIN://127.0.0.1:${ports.plain},CONTROLLER://127.0.0.1:${ports.controller}`,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.secure.plain.sasl.jaas.config': `${plain} user_${user}="${password}" user_${SecureBroker.stranger}="${password}";`,
    ...Object.fromEntries(
      ['256', '512'].map((bits) => [
        `listener.name.secure.scram-sha-${bits}.sasl.jaas.config`,
        'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      ]),
    ),
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // The broker itself comes without a name.
    'super.users': `User:ANONYMOUS;User:${user}`,
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': join(folder, 'keys.p12'),
    'ssl.keystore.password': storePassword,
    'log.dirs': join(folder, 'data'),
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
  }
}
