/** Provider token of the engine port. */
export const ENGINE = Symbol('Engine')
