import { kafkaBrokers } from './kafka-brokers.js'

/** `describe`, for what needs the run's Kafka cluster: it is skipped where the machine has none. */
export const describeOnKafka = kafkaBrokers().length > 0 ? describe : describe.skip
