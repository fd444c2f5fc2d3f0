import type { ServerResponse } from 'node:http'

/** Numbers the results of each stream and writes them to whoever reads it now. Nothing is kept: no resume, no slow readers. */
export class Results {
  private readonly seqs = new Map<string, number>()
  private readonly readers = new Map<string, Set<ServerResponse>>()

  latest(stream: string): number {
    return this.seqs.get(stream) ?? 0
  }

  addReader(stream: string, res: ServerResponse): void {
    const own = this.readers.get(stream) ?? new Set()
    this.readers.set(stream, own.add(res))
    res.on('close', () => own.delete(res))
  }

  /** The results under the next numbers of the stream, as text for every reader. */
  frame(stream: string, results: readonly unknown[]): string {
    let seq = this.latest(stream)
    let text = ''
    for (const r of results) text += `id: ${++seq}\ndata: {"status":"success","data":${JSON.stringify(r)}}\n\n`
    this.seqs.set(stream, seq)
    return text
  }

  deliver(stream: string, text: string): void {
    for (const res of this.readers.get(stream) ?? []) res.write(text)
  }
}
