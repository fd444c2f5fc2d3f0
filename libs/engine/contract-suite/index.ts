export * from './describe-engine.js'
export * from './entries.js'
export type { EngineSettings, Logs } from './logs.js'
export * from './worker.js'
