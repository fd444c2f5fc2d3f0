// The rules of ARCHITECTURE.md as a tool. test/house/dependency-rules.spec.ts plants a violation of each.
//
// `#libs/x` resolves through package.json to dist/libs/x, and before a build to nothing (the name stays as written):
// a rule that means libs must match all three spellings.
const lib = (names) => `^(#libs/|(dist/)?libs/)(${names})(/|$)`
const pack = (names) => `(^|node_modules/)(${names})(/|$)`

// Specs, and the suite beside the port that every engine's spec runs.
const spec = '\\.spec\\.ts$|/contract-suite(/|$)'
const composition = '^src/(app|engine)\\.module\\.ts$'

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'streams-and-processing-meet-in-the-log',
      comment: 'src/streams and src/processing never import each other.',
      severity: 'error',
      from: { path: '^src/(streams|processing)/' },
      to: { path: '^src/(streams|processing)/', pathNot: '^src/$1/' },
    },
    {
      name: 'contract-imports-nothing',
      comment: 'libs/contract runs in browsers and has no dependency, not even one of Node.',
      severity: 'error',
      from: { path: '^libs/contract/', pathNot: spec },
      to: { pathNot: lib('contract') },
    },
    {
      name: 'engine-port-imports-contract-only',
      comment: 'libs/engine imports libs/contract and what comes with Node, nothing else.',
      severity: 'error',
      from: { path: '^libs/engine/', pathNot: spec },
      to: { pathNot: lib('contract|engine'), dependencyTypesNot: ['core'] },
    },
    {
      name: 'processor-surface-imports-contract-only',
      comment:
        'libs/processor is what processors are written against: it imports libs/contract and what comes with Node.',
      severity: 'error',
      from: { path: '^libs/processor/', pathNot: spec },
      to: { pathNot: lib('contract|processor'), dependencyTypesNot: ['core'] },
    },
    {
      name: 'libs-know-no-framework',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: pack('@nestjs|@?fastify|lmdb|kafkajs|rxjs|class-validator|class-transformer|reflect-metadata') },
    },
    {
      name: 'libs-know-no-application',
      comment: 'Their specs share the helpers of the other tests, as those beside src do.',
      severity: 'error',
      from: { path: '^libs/', pathNot: spec },
      to: { path: '^(dist/)?(src|test|bench)/' },
    },
    {
      name: 'only-kafka-imports-kafkajs',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/kafka/' },
      to: { path: pack('kafkajs') },
    },
    {
      name: 'only-stores-import-lmdb',
      comment: 'LMDB belongs to the embedded engine and the view.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(embedded|view)/' },
      to: { path: pack('lmdb') },
    },
    {
      name: 'engines-are-chosen-in-one-place',
      comment:
        'Nothing outside an adapter knows which engine runs, but the module that composes it. Specs use the real one.',
      severity: 'error',
      from: { path: '^src/', pathNot: [composition, '^src/(embedded|kafka)/', spec] },
      to: { path: '^src/(embedded|kafka)/' },
    },
    {
      name: 'engines-know-not-each-other',
      severity: 'error',
      from: { path: '^src/(embedded|kafka)/' },
      to: { path: '^src/(embedded|kafka)/', pathNot: '^src/$1/' },
    },
    {
      name: 'program-imports-no-tests',
      severity: 'error',
      from: { path: '^(src|libs)/', pathNot: spec },
      to: { path: ['^(test|bench)/', spec] },
    },
    {
      name: 'program-imports-no-dev-dependency',
      comment: 'The image is installed without devDependencies.',
      severity: 'error',
      from: { path: '^(src|libs)/', pathNot: spec },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm', 'type-only'] },
    },
    {
      name: 'bench-measures-from-outside',
      comment:
        'Compiling src a second time, without the swagger plugin, would overwrite the build. What it uses of test/support must not lead there either.',
      severity: 'error',
      from: { path: '^bench/' },
      to: { path: '^src/', reachable: true },
    },
    {
      name: 'faults-measure-from-outside',
      comment: 'As for bench.',
      severity: 'error',
      from: { path: '^test/faults/' },
      to: { path: '^src/', reachable: true },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: '(^|/)(node_modules|dist)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
}
