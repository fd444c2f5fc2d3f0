import type { Observable } from 'rxjs'
import type { Frame } from '../view/frames.js'

/** A feed that can be read from any position on: from the store, page by page, and live, frame by frame. Equal positions are `===`. */
export interface Source<Position = number> {
  /**
   * The text behind `position`, about `maxChars` of it, and the position after it; undefined where nothing is left to read. Where what
   * stood there was trimmed, the text begins by saying so.
   */
  page(position: Position, maxChars: number): { readonly text: string; readonly to: Position } | undefined
  /** What closes the feed, once nothing is left to read; undefined while it goes on. */
  closing(): Buffer | undefined
  readonly live: Observable<Frame<Position>>
}
