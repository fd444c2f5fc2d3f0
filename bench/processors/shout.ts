type Value = Readonly<Record<string, unknown>>

/** A processor as a user would write it, in the simplest form: what `uppercase` does to a flat object. */
export class Shout {
  static readonly processor = {
    name: 'shout',
    description: 'Upper-cases the texts of an object.',
    deterministic: true,
  };

  *process({ value }: { readonly value: Value }): Generator<Value> {
    const result: Record<string, unknown> = {}
    for (const [name, member] of Object.entries(value))
      result[name] = typeof member === 'string' ? member.toUpperCase() : member
    yield result
  }
}
