/** Half to one and a half times as long, at random: readers of a server that went away do not all come back at once. */
export const jittered = (ms: number): number => Math.round(ms * (0.5 + Math.random()))
