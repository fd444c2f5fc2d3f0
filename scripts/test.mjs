// npm test: Jest for one project after the other, since the brokers of the second would slow the first down (639 s together, 450 s
// in turn). Arguments go to both; with --selectProjects there is one run.
import { spawnSync } from 'node:child_process'

const options = process.argv.slice(2)
const runs = options.includes('--selectProjects')
  ? [options]
  : ['embedded', 'kafka'].map((project) => [...options, '--passWithNoTests', '--selectProjects', project])

for (const run of runs) {
  const { status } = spawnSync('jest', run, { stdio: 'inherit' })
  if (status !== 0) process.exitCode = 1
}
