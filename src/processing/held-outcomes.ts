import { charsOf } from '#libs/processor'
import type { StreamOutcomes } from './batch.js'

/** Bounds what processors have answered while their streams wait for their turn. */
export class HeldOutcomes {
  private chars = 0
  private readonly waiting: (() => void)[] = []

  /** @param mostChars beyond it no processor is asked for more */
  constructor(private readonly mostChars: number) {}

  /** Resolves when a processor may be asked. */
  async room(): Promise<void> {
    while (this.chars > this.mostChars) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  take(outcomes: readonly StreamOutcomes[]): void {
    this.chars += charsOfAll(outcomes)
  }

  /** Its stream's turn has come. */
  put(outcomes: readonly StreamOutcomes[]): void {
    this.chars -= charsOfAll(outcomes)
    for (const wake of this.waiting.splice(0)) wake()
  }
}

function charsOfAll(all: readonly StreamOutcomes[]): number {
  let chars = 0
  for (const { outcomes } of all) for (const outcome of outcomes) chars += charsOf(outcome)
  return chars
}
