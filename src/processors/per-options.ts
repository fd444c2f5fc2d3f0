/** Makes something of a stream's options once for as long as they are held: they are the same object then. */
export function perOptions<Options extends object, Made>(make: (options: Options) => Made): (options: Options) => Made {
  const made = new WeakMap<Options, Made>()
  return (options) => {
    const known = made.get(options)
    if (known !== undefined) return known
    const fresh = make(options)
    made.set(options, fresh)
    return fresh
  }
}
