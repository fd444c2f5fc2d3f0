import type { Input } from '#libs/processor'
import type { NamedWork } from '../../src/isolation/packed.js'

/** Records of a stream that remembers nothing yet, for a processor. */
export const recordsFor = (processor: string, stream: string, values: readonly unknown[]): NamedWork => ({
  processor,
  stream,
  options: {},
  inputs: values.map((value, index): Input => ({ kind: 'record', at: 1_000 + index, text: JSON.stringify(value) })),
  timer: undefined,
  stateVersion: undefined,
  state: { bytes: 0, get: () => undefined, keys: () => [] },
})
