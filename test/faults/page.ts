import { machine, remarks, table } from './report.js'
import type { Report } from './report.js'
import { faults } from './faults/index.js'

/** docs/faults.md. */
export function page({ startedAt, seed, rows }: Report, commit: string): string {
  const list = (lines: readonly string[]): string => lines.map((line) => `- ${line}\n`).join('')
  const missing = faults.filter((fault) => rows.every((row) => row.fault !== fault)).map(({ name }) => `\`${name}\``)
  return `# Faults

Written by \`npm run faults\`. Each fault happens to real processes, replicas of the server and three Kafka brokers, while clients of all
kinds write and read through every replica. A checker that knows every send and every event then proves: what was acked is delivered, once, in
order, on its stream and no other, and \`end\` comes last.

${startedAt.toISOString().slice(0, 10)}, commit ${commit}, seed ${seed}.
${machine()}; clients, replicas and brokers share it.${missing.length > 0 ? ` Not run: ${missing.join(', ')}.` : ''}

${table(rows)}

*Refused*: an error that says that nothing happened, and it did not. *Unknown*: no answer, or one that does not know; delivered once or not at
all. *Other*: any other violation. *Longest gap*: the longest that any one stream took no send, and that nobody got a result of it.

${list(remarks(rows))}
## What happens

${list(rows.map(({ fault }) => `\`${fault.name}\`: ${fault.title}.`))}`
}
