/** Settles as `work` does, or rejects after `ms`: no wait of the benchmark is endless. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done after ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Asks `done` every `everyMs` until it says yes; answers whether it did so within `ms`. */
export async function poll(ms: number, everyMs: number, done: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = performance.now() + ms
  while (!(await done())) {
    if (performance.now() >= until) return false
    await pause(everyMs)
  }
  return true
}
