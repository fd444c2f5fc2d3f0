import { writeSync } from 'node:fs'

/** Descriptor of the pipe on which a worker process says what the server must know even if that is its last word. */
export const REPORT_FD = 3

/** Characters of a line that are looked at: a path and a little more. */
const LONGEST = 8_192

/** Why the watchdog ends a process. */
export interface End {
  readonly cause: 'timeout' | 'memory'
  /** Which of the task's works was being done, if any was. */
  readonly work?: number
}

/** What is said there: which file is about to be loaded, or why the process is about to be ended. */
type Report = { readonly loading: string } | End

/** For a worker process, and its watchdog: it is said when this returns. */
export function report(what: Report): void {
  // In a line of its own, whatever a processor wrote there.
  writeSync(REPORT_FD, `\n${JSON.stringify(what)}\n`)
}

/** For the server: what a process has said. Its processors can write there, too, so anything may come. */
export class Reports {
  /** The file that it began to load last. */
  loading: string | undefined
  /** Why its watchdog ended it, if it did. */
  end: End | undefined
  private begun = ''

  add(chunk: string): void {
    const lines = (this.begun + chunk).split('\n')
    this.begun = (lines.pop() ?? '').slice(-LONGEST)
    for (const line of lines) this.take(parsed(line))
  }

  private take(said: Partial<End & { readonly loading: unknown }>): void {
    const { loading, cause, work } = said
    if (typeof loading === 'string') this.loading = loading
    if (cause === 'timeout' || cause === 'memory') this.end = { cause, ...(typeof work === 'number' && { work }) }
  }
}

function parsed(line: string): object {
  try {
    return (JSON.parse(line) as object | null) ?? {}
  } catch {
    return {}
  }
}
