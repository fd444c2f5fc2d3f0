type Task = () => void | Promise<void>

const tasks = new Set<Task>()

/**
 * Runs `task` after the last test of the file that imports this, passed or failed; outside Jest, at `cleanUp`. The returned
 * function takes it back. Child processes, sockets and temporary folders register here, so that no test needs a `finally` for them.
 */
export function afterTests(task: Task): () => void {
  tasks.add(task)
  return () => void tasks.delete(task)
}

/** Called by Jest after the last test of each file (clean-up-after-tests.ts), and by a program that uses what registers here. */
export async function cleanUp(): Promise<void> {
  // Newest first: readers close before the server they read from, the server stops before its folder goes.
  const failures: unknown[] = []
  for (const task of [...tasks].reverse()) {
    try {
      await task()
    } catch (cause) {
      failures.push(cause)
    }
  }
  tasks.clear()
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up failed')
}
