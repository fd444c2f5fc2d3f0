import type { Call } from '../http/call.js'
import { ref } from '../streams/schemas.js'

export const listProcessors: Call = {
  id: 'listProcessors',
  tag: 'streams',
  summary: 'List the processors that streams can be started with',
  answer: {
    description: 'All of them, in order of their names.',
    content: {
      'application/json': {
        schema: ref('ProcessorList'),
        examples: {
          one: {
            status: 'success',
            message: 'Processors',
            processing: 'internal',
            processors: [
              {
                name: 'identity',
                description: 'Each record is its own result.',
                deterministic: true,
                options: { type: 'object', additionalProperties: false },
              },
            ],
          },
        },
      },
    },
  },
  errors: [],
}
