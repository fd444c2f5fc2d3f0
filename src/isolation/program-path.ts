import { fileURLToPath } from 'node:url'

/** The program of worker processes. In this folder, as it is beside the program in the bundle. */
export const PROGRAM = fileURLToPath(new URL('worker-program.js', import.meta.url))
