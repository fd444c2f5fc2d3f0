import type { Call } from '../http/call.js'
import { ref } from '../streams/schemas.js'

export const live: Call = {
  id: 'live',
  tag: 'health',
  summary: 'Is the process alive?',
  answer: {
    description: 'It answers.',
    content: {
      'application/json': { schema: ref('Done'), examples: { alive: { status: 'success', message: 'alive' } } },
    },
  },
  errors: [],
}

export const ready: Call = {
  id: 'ready',
  tag: 'health',
  summary: 'Should the process get requests?',
  answer: {
    description: 'It should. The message says if processors cannot be loaded at present: their streams wait.',
    content: {
      'application/json': { schema: ref('Done'), examples: { ready: { status: 'success', message: 'ready' } } },
    },
  },
  errors: ['log_unavailable', 'shutting_down', 'view_behind'],
}
