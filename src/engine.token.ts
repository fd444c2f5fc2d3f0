/** Provider token of the engine port. */
export const ENGINE = Symbol('Engine')

/** Provider token of what processes records outside; null where the processor host does. */
export const EXTERNAL = Symbol('External')
