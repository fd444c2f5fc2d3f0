// Jest runs in its CommonJS mode: Nest 12 is ESM-only and fails in Jest's ESM mode, so the ESM-only packages
// are transformed too. This is not the product; what must hold for the product is tested on `dist` (specs of test/e2e).
const esmOnlyPackages = [
  '@nestjs',
  '@borewit',
  '@tokenizer',
  'content-disposition',
  'cookie',
  'eventsource',
  'eventsource-parser',
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
]

const swcOptions = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'commonjs' },
  sourceMaps: 'inline',
}

const cleanUp = '<rootDir>/test/support/clean-up-after-tests.ts'

const shared = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['**/*.spec.ts'],
  transform: { '\\.[cm]?[jt]s$': ['@swc/jest', swcOptions] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnlyPackages.join('|')})/)`],
  moduleNameMapper: {
    '^#libs/(.*)$': '<rootDir>/libs/$1/index.ts',
    // As in the package's exports: processors in the documentation import these.
    '^millrace/processor$': '<rootDir>/libs/processor/index.ts',
    '^millrace/rx$': '<rootDir>/src/processors/rx.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFiles: ['reflect-metadata'],
  setupFilesAfterEnv: [cleanUp],
}

const countsFile = process.env.TEST_COUNTS_FILE

/** Specs about the embedded store, its disk and its lock, and about the checker; all others are of promises that hold on both engines. */
const aboutEmbedded = [
  'damaged-store',
  'durable-acks',
  'failed-sync',
  'full-disk',
  'kill-checker-mutants',
  'kill-two-processes',
  'one-process',
]

/** Specs that take long and in which an engine has a small part: they run on Kafka only in the full form. See test/support/form.ts. */
const long = ['processor-files', 'processors', 'storm', 'windows']

const notOnKafka = process.env.TEST_FORM === 'full' ? aboutEmbedded : [...aboutEmbedded, ...long]

/** @type {import('jest').Config} */
module.exports = {
  reporters: ['default', ...(countsFile ? [['<rootDir>/.ci/counts-reporter.cjs', { file: countsFile }]] : [])],
  // Of two cores a third is idle with two: specs wait for servers, kills and clocks.
  maxWorkers: 3,
  testTimeout: 20_000,
  projects: [
    {
      ...shared,
      displayName: 'embedded',
      roots: ['<rootDir>/src', '<rootDir>/libs', '<rootDir>/test'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/kafka/'],
    },
    {
      ...shared,
      displayName: 'kafka',
      roots: ['<rootDir>/test/kafka', '<rootDir>/test/e2e'],
      testPathIgnorePatterns: ['/node_modules/', `/e2e/(${notOnKafka.join('|')})\\.spec\\.ts$`],
      setupFilesAfterEnv: [cleanUp, '<rootDir>/test/kafka/on-kafka.cjs'],
      globalSetup: '<rootDir>/test/kafka/global-setup.cjs',
      globalTeardown: '<rootDir>/test/kafka/global-teardown.cjs',
    },
  ],
}
