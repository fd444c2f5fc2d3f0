// A replica to be killed: joins the group with what it is given and sends its partitions whenever they are others.
// `node kafka-member.mjs <options of KafkajsBroker as JSON>`
import { KafkajsBroker } from '../../dist/src/kafka/kafkajs-broker.js'

const broker = await KafkajsBroker.open({ ...JSON.parse(process.argv[2]), log: () => {} })
await broker.join((partitions) => process.send({ partitions }))
