export * from './processor.js'
export * from './run.js'
export * from './state.js'
export * from './trial.js'
