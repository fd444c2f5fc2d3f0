import { StartError } from '../start-error.js'

/** A store that cannot be used as it is: the message says what to do. */
export class StoreError extends StartError {
  override readonly name = 'StoreError'
}

/** It cannot be read; opening it again will not help. */
export class DamagedStore extends StoreError {}
