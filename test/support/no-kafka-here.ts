/** What this machine lacks to run Kafka; anything else that goes wrong is a failure. */
export class NoKafkaHere extends Error {}
