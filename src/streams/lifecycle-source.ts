import { encodeEvent, encodeFeedCursor, type FeedCursor, type FeedReset } from '#libs/contract'
import type { Observable } from 'rxjs'
import type { Frame } from '../view/frames.js'
import { encodeLifecycle, type View } from '../view/view.js'
import type { Source } from './source.js'

/**
 * What happens to streams. A position is what its reader has seen of each partition, so that whoever comes from another replica, where
 * the partitions took turns differently, reads just the rest. Those who have seen all stand at one object, the view's own, and share its
 * frames. Who has seen more than can be read here yet reads from the store until the view is there, too.
 */
export class LifecycleSource implements Source<FeedCursor> {
  readonly live: Observable<Frame<FeedCursor>>

  constructor(private readonly view: View) {
    this.live = view.liveLifecycle()
  }

  page(position: FeedCursor, maxChars: number): { text: string; to: FeedCursor } | undefined {
    const { lifecycle } = this.view
    if (position === lifecycle.latest) return undefined
    const to = [...lifecycle.kept(position)]
    const isKept = to.every((number, partition) => number === position[partition])
    let text = isKept ? '' : encodeLifecycleReset('trimmed', to, this.view)
    for (const { partition, number, line } of lifecycle.read(to)) {
      to[partition] = number
      text += encodeLifecycle(to, line)
      if (text.length >= maxChars) break
    }
    if (text !== '') return { text, to }
    return lifecycle.holds(position) ? { text, to: lifecycle.latest } : undefined
  }

  closing(): undefined {
    return undefined
  }
}

/** Tells a reader that it cannot go on where it was, but behind `to`. */
export function encodeLifecycleReset(reason: FeedReset['reason'], to: FeedCursor, { lifecycle }: View): string {
  const oldest = encodeFeedCursor(to)
  const data: FeedReset = { reason, oldest, latest: encodeFeedCursor(lifecycle.latest) }
  return encodeEvent({ id: oldest, name: 'reset', data })
}
