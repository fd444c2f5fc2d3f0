import { of, type Observable } from 'rxjs'
import type { InputRecord, StreamContext } from '#libs/processor'

/** What becomes of one record: an observable of its results, made of the record by operators. */
export type Pipe<In, Out, Options> = (
  records: Observable<InputRecord<In>>,
  stream: StreamContext<Options>,
) => Observable<Out>

/**
 * Makes a processor's `process` of RxJS operators: `process = rx<In, Out>((records) => records.pipe(filter(…), map(…)))`.
 *
 * Each record goes through a pipeline of its own, which ends behind it, so operators such as `scan` and `distinct` begin anew with each:
 * what is to be remembered belongs into `stream.state`. Operators must be done when the record is: results that came later could
 * not stand at its place, nor come again after a crash.
 * @param pipe called for each record
 * @throws in `process`: what an operator throws, or an Error if the pipeline waits for something (`delay`, a promise)
 */
export function rx<In, Out, Options = unknown>(
  pipe: Pipe<In, Out, Options>,
): (record: InputRecord<In>, stream: StreamContext<Options>) => Out[] {
  return (record, stream) => {
    const results: Out[] = []
    let end: { readonly error?: unknown } | undefined
    pipe(of(record), stream)
      .subscribe({
        next: (result) => void results.push(result),
        error: (error: unknown) => (end = { error }),
        complete: () => (end = {}),
      })
      // Of one that waits, nothing comes any more.
      .unsubscribe()
    if (end === undefined)
      throw new Error('The pipeline waits for something. Only operators that give their results at once can be used.')
    if ('error' in end) throw end.error
    return results
  }
}
