export type ViolationKind =
  | 'lost' // acked and not delivered
  | 'doubled' // one record, two results
  | 'torn' // a send of several records that is not delivered whole, in one piece
  | 'out-of-order'
  | 'foreign' // a result of another stream's record
  | 'invented' // a result of no record that was sent
  | 'refused-delivered'
  | 'skipped' // a reader missed a sequence number
  | 'repeated' // a reader got a sequence number twice, or went back
  | 'disagreement' // two readers, one sequence number, two results
  | 'bad-cursor'
  | 'error-result'
  | 'unexpected-event'
  | 'no-end' // the stream was ended and the reader was not told
  | 'after-end'
  | 'anomaly' // a reply that no promise allows

export interface Violation {
  readonly kind: ViolationKind
  readonly stream: string
  readonly detail: string
}

/** Notes a violation in the stream that is being checked. */
export type Report = (kind: ViolationKind, detail: string) => void

/** Results can be long; the start of one names it. */
export function brief(result: string): string {
  return result.slice(0, 60)
}
