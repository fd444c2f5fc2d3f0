/** How often the event loop turns while `work` is under way. */
export async function loopTurnsDuring(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let watch = setImmediate(function count() {
    turns++
    watch = setImmediate(count)
  })
  await work()
  clearImmediate(watch)
  return turns
}
