import type { State } from '#libs/processor'

/** A value that was found, and whether it is among the young ones. */
export interface Found<T> {
  readonly value: T
  readonly isYoung: boolean
}

const GENERATION = 'generation'

/**
 * Values by key in a stream's state: of the keys that were kept last, so many are there for certain, and never more than twice as many.
 * There is a young generation, and an old one before it; what is kept is young again. When the young one is full, or as old as it may
 * be, it becomes the old one and what was old is forgotten: so to forget a key costs no more than to remember it.
 */
export class Recent<T> {
  private generation: number
  private young: number
  private since: number

  /**
   * @param certain how many keys are there for certain
   * @param now in the unit of `longest`; it never goes back
   * @param longest for which a value has to be remembered, if there are not too many; it may be for longer
   */
  constructor(
    private readonly state: State,
    private readonly certain: number,
    private readonly now = 0,
    private readonly longest = Infinity,
  ) {
    const [generation = 0, young = 0, since = now] = state.get<readonly number[]>(GENERATION) ?? []
    this.generation = generation
    this.young = young
    this.since = since
  }

  find(key: string): Found<T> | undefined {
    const young = this.state.get<T>(this.nameOf(key))
    if (young !== undefined) return { value: young, isYoung: true }
    const old = this.state.get<T>(this.oldNameOf(key))
    return old === undefined ? undefined : { value: old, isYoung: false }
  }

  /** @param found what `find` found of the key */
  keep(key: string, value: T, found: Found<T> | undefined): void {
    const isDue = this.now - this.since >= this.longest
    if (found?.isYoung !== true || isDue) this.makeYoung(key, isDue)
    this.state.set(this.nameOf(key), value)
  }

  private makeYoung(key: string, isDue: boolean): void {
    const { state } = this
    if (isDue || this.young >= this.certain) {
      for (const old of state.keys(this.oldNameOf(''))) state.delete(old)
      this.generation = 1 - this.generation
      this.young = 0
      this.since = this.now
    }
    state.delete(this.oldNameOf(key))
    this.young += 1
    state.set(GENERATION, [this.generation, this.young, this.since])
  }

  private nameOf(key: string): string {
    return `${this.generation}:${key}`
  }

  private oldNameOf(key: string): string {
    return `${1 - this.generation}:${key}`
  }
}
