import { ApiError } from '#libs/contract'

/** A query parameter that is a whole number. @throws ApiError `invalid_request` naming it and its bounds */
export function wholeNumber(name: string, value: unknown, min: number, max: number): number {
  const number = Number(value)
  if (typeof value === 'object' || !Number.isInteger(number) || number < min || number > max)
    throw new ApiError('invalid_request', { message: `${name} must be a whole number from ${min} to ${max}.` })
  return number
}
