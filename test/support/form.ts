/** Whether tests take the time that they need, as in CI (`TEST_FORM=full`); `npm test` has a short form of some. */
export const isFullForm = process.env.TEST_FORM === 'full'

/** How many random schedules there are of `full`: in the short form a third. */
export const schedules = (full: number): number => (isFullForm ? full : Math.ceil(full / 3))
