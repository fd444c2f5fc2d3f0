/**
 * What is done to each record of a stream. A processor here is deterministic: the same record gives the same result, whatever the
 * clock says, so that a result may be read before its commit is on the disk. It may throw; that record's result is then an error.
 */
export interface Processor {
  readonly name: string
  process(value: unknown): unknown
}
