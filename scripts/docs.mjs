// Writes docs/errors.md from the error table; with --print to the standard output instead. Needs a build.
import { writeFileSync } from 'node:fs'
import { ERRORS, RESULT_ERRORS } from '../dist/libs/contract/index.js'

const file = new URL('../docs/errors.md', import.meta.url)

const mayExist = { 'nothing-happened': 'no', unknown: 'yes' }

const fieldsOf = ({ fields = {} }) =>
  Object.entries(fields)
    .map(([name, meaning]) => ` \`${name}\`: ${meaning}`)
    .join('')

const rows = Object.entries(ERRORS).map(
  ([code, row]) =>
    `| \`${code}\` | ${row.status} | ${row.retry ? 'yes' : 'no'} | ${mayExist[row.outcome]} | ${row.message}${fieldsOf(row)} |`,
)

const page = `# Errors

Every error is JSON: \`{"status":"error","code":…,"message":…}\`, some with more fields. Decide by \`code\`; \`message\` is for people and may change.

- **Try again?** says whether the same request can succeed later. A 503 has \`Retry-After\`, in seconds.
- **May it exist?** says whether the record, or the change, may be there all the same. Repeat such a send only with the same
  \`Idempotency-Key\`, or the same \`Producer-Id\`, \`Producer-Epoch\` and \`Producer-Seq\`: then it is taken once.

| code | status | try again? | may it exist? | what to do |
|---|---|---|---|---|
${rows.join('\n')}

## Errors among the results

A record that cannot be processed has an error at its place in the results, as an event without a name: \`{"status":"error","code":…,"message":…}\`.

| code | meaning |
|---|---|
${Object.entries(RESULT_ERRORS)
  .map(([code, message]) => `| \`${code}\` | ${message} |`)
  .join('\n')}

Which call answers which of them is in the API document, \`GET /openapi.json\`. This page is made from \`libs/contract/errors.ts\` by \`npm run docs\`.
`

if (process.argv.includes('--print')) process.stdout.write(page)
else writeFileSync(file, page)
