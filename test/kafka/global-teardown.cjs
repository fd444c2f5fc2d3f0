module.exports = async function stopCluster() {
  await globalThis.kafkaCluster?.stop()
}
