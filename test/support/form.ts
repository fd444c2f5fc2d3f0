/** Whether tests take the time that they need, as in CI (`TEST_FORM=full`); `npm test` has a short form of some. */
export const isFullForm = process.env.TEST_FORM === 'full'
