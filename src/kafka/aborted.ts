import type { AbortedTransaction, BatchedRecord, FetchedRecord } from 'kafkajs/src/protocol/requests/index.js'

/**
 * The same records, with those of aborted transactions marked as what is no message: of a transaction that was aborted nothing counts.
 * @param transactions that were aborted, as the response tells them, in the order of their first offsets
 */
export function withoutAborted(
  records: readonly BatchedRecord[],
  transactions: readonly AbortedTransaction[] | null,
): readonly FetchedRecord[] {
  if (transactions === null || transactions.length === 0) return records
  const begun = new Set<string>()
  let next = 0
  return records.map((record) => {
    for (let one; (one = transactions[next]) && BigInt(one.firstOffset) <= BigInt(record.offset); next++)
      begun.add(one.producerId)
    const { producerId, inTransaction } = record.batchContext
    // The marker at a transaction's end; the producer's next one may be committed.
    if (record.isControlRecord) begun.delete(producerId)
    return inTransaction && begun.has(producerId) ? { ...record, isControlRecord: true } : record
  })
}
