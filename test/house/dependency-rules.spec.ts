import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { plantTree, projectRoot, removeTree } from './planted-tree.js'

interface Violation {
  rule: { name: string }
  from: string
  to: string
}

interface Plant {
  rule: string
  file: string
  text: string
}

const plants: readonly Plant[] = [
  {
    rule: 'streams-and-processing-meet-in-the-log',
    file: 'src/streams/to-processing.ts',
    text: `import '../processing/owner.js'`,
  },
  {
    rule: 'streams-and-processing-meet-in-the-log',
    file: 'src/processing/to-streams.ts',
    text: `import type { Feed } from '../streams/feed.js'\nexport type Planted = Feed`,
  },
  { rule: 'contract-imports-nothing', file: 'libs/contract/to-node.ts', text: `import 'node:path'` },
  { rule: 'contract-imports-nothing', file: 'libs/contract/to-package.ts', text: `import 'fast-check'` },
  { rule: 'contract-imports-nothing', file: 'libs/contract/to-engine.ts', text: `import '#libs/engine'` },
  { rule: 'engine-port-imports-contract-only', file: 'libs/engine/to-package.ts', text: `import 'fast-check'` },
  { rule: 'engine-port-imports-contract-only', file: 'libs/engine/to-client.ts', text: `import '#libs/client'` },
  {
    rule: 'processor-surface-imports-contract-only',
    file: 'libs/processor/to-engine.ts',
    text: `import '#libs/engine'`,
  },
  ...['@nestjs/common', 'fastify', '@fastify/static', 'lmdb', 'kafkajs', 'rxjs'].map((name) => ({
    rule: 'libs-know-no-framework',
    file: `libs/client/to-${name.replace(/\W/g, '')}.ts`,
    text: `import '${name}'`,
  })),
  { rule: 'libs-know-no-application', file: 'libs/client/to-src.ts', text: `import '../../src/streams/feed.js'` },
  { rule: 'only-kafka-imports-kafkajs', file: 'src/streams/to-kafkajs.ts', text: `import 'kafkajs'` },
  { rule: 'only-stores-import-lmdb', file: 'src/streams/to-lmdb.ts', text: `import 'lmdb'` },
  {
    rule: 'engines-are-chosen-in-one-place',
    file: 'src/streams/to-embedded.ts',
    text: `import '../embedded/embedded-engine.js'`,
  },
  { rule: 'engines-are-chosen-in-one-place', file: 'src/view/to-kafka.ts', text: `import '../kafka/kafka-engine.js'` },
  {
    rule: 'engines-know-not-each-other',
    file: 'src/embedded/to-kafka.ts',
    text: `import '../kafka/kafka-engine.js'`,
  },
  { rule: 'program-imports-no-tests', file: 'src/streams/to-test.ts', text: `import '../../test/support.js'` },
  { rule: 'program-imports-no-tests', file: 'src/view/to-suite.ts', text: `import '#libs/engine/contract-suite'` },
  { rule: 'program-imports-no-dev-dependency', file: 'src/streams/to-dev.ts', text: `import 'fast-check'` },
  { rule: 'bench-measures-from-outside', file: 'bench/to-src.ts', text: `import '../src/streams/feed.js'` },
  { rule: 'faults-measure-from-outside', file: 'test/faults/to-src.ts', text: `import '../reaches-src.js'` },
  { rule: 'no-cycles', file: 'src/view/cycle.ts', text: `import './turn.js'` },
]

const configs = ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json']
const packages = ['@nestjs/common', 'fastify', '@fastify/static', 'lmdb', 'kafkajs', 'rxjs', 'fast-check']

const sources = {
  'libs/contract/index.ts': `export const limit = 1`,
  'libs/contract/contract.spec.ts': `import 'fast-check'`,
  'libs/engine/index.ts': `import 'node:crypto'\nimport '#libs/contract'`,
  'libs/processor/index.ts': `import '#libs/contract'`,
  'libs/processor/run.spec.ts': `import '../../test/support.js'\nimport 'fast-check'`,
  'libs/engine/contract-suite/index.ts': `import 'fast-check'\nimport '../index.js'`,
  'libs/client/index.ts': `import '#libs/contract'`,
  'src/app.module.ts': `import '@nestjs/common'\nimport './embedded/embedded-engine.js'\nimport './kafka/kafka-engine.js'`,
  'src/streams/feed.ts': `import 'rxjs'\nimport '#libs/engine'\nimport '../view/view.js'\nexport interface Feed { n: 1 }`,
  'src/streams/feed.spec.ts': `import 'fast-check'\nimport '../embedded/embedded-engine.js'`,
  'src/embedded/embedded-engine.spec.ts': `import '#libs/engine/contract-suite'`,
  'src/processing/owner.ts': `import '#libs/engine'\nimport '../view/view.js'`,
  'src/view/view.ts': `import 'lmdb'\nimport '#libs/contract'`,
  'src/view/turn.ts': `import './cycle.js'`,
  'src/embedded/embedded-engine.ts': `import 'lmdb'\nimport '../view/view.js'\nimport '#libs/engine'`,
  'src/kafka/kafka-engine.ts': `import 'kafkajs'\nimport '#libs/engine'`,
  'test/support.ts': `import '#libs/contract'`,
  'test/reaches-src.ts': `import '../src/streams/feed.js'`,
  'bench/main.ts': `import 'lmdb'\nimport '#libs/contract'`,
}

const installed = Object.fromEntries(
  packages.flatMap((name) => [
    [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' })],
    [`node_modules/${name}/index.js`, ''],
  ]),
)

const built = Object.fromEntries(['contract', 'engine', 'client'].map((name) => [`dist/libs/${name}/index.js`, '']))

function violations(files: Readonly<Record<string, string>>): Violation[] {
  const root = plantTree(configs, files)
  try {
    const cruise = join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const run = spawnSync(process.execPath, [cruise, '--output-type', 'json', 'src', 'libs', 'test', 'bench'], {
      cwd: root,
      encoding: 'utf8',
    })
    if (run.stdout === '') throw new Error(run.stderr)
    return (JSON.parse(run.stdout) as { summary: { violations: Violation[] } }).summary.violations
  } finally {
    removeTree(root)
  }
}

describe.each([
  ['before a build', {}],
  ['after a build', built],
])('the dependency rules, %s', (_, dist) => {
  it('let the design through', () => {
    expect(violations({ ...installed, ...dist, ...sources, 'src/view/cycle.ts': '' })).toEqual([])
  }, 60_000)

  const found = new Set<string>()

  beforeAll(() => {
    const planted = Object.fromEntries(plants.map(({ file, text }) => [file, text]))
    for (const { rule, from } of violations({ ...installed, ...dist, ...sources, ...planted })) {
      found.add(`${rule.name}: ${from}`)
    }
  }, 60_000)

  it.each(plants)('$rule is broken by $file', ({ rule, file }) => {
    expect(found).toContain(`${rule}: ${file}`)
  })
})

it('every dependency rule has its planted violation', () => {
  const config = createRequire(join(projectRoot, 'package.json'))('./.dependency-cruiser.cjs') as {
    forbidden: { name: string }[]
  }
  expect(new Set(plants.map(({ rule }) => rule))).toEqual(new Set(config.forbidden.map(({ name }) => name)))
})
