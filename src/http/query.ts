import { ApiError } from '#libs/contract'

/** How many rows a page is to have at most: 100, where it is not said. @throws ApiError `invalid_request` if that is not 1 to 1,000 */
export function pageLimit(value: unknown): number {
  return wholeNumber('limit', value ?? 100, 1, 1_000)
}

/** A parameter that is a whole number, in digits alone. @throws ApiError `invalid_request` naming it and its bounds */
export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || number < min || number > max)
    throw new ApiError('invalid_request', { message: `${name} must be a whole number from ${min} to ${max}.` })
  return number
}
