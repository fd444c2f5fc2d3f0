const nobody = new Int32Array(new SharedArrayBuffer(4))

interface Options {
  readonly ms: number
}

/** Takes its time over every record, and no CPU: on a core that it shares with the server only what it holds up is to be seen. */
export class Sleepy {
  static readonly processor = {
    name: 'sleepy',
    description: 'Sleeps over each record.',
    deterministic: true,
    options: {
      type: 'object',
      additionalProperties: false,
      properties: { ms: { type: 'integer', minimum: 0 } },
      required: ['ms'],
    },
  };

  *process({ value }: { readonly value: unknown }, { options }: { readonly options: Options }): Generator<unknown> {
    Atomics.wait(nobody, 0, 0, options.ms)
    yield value
  }
}
