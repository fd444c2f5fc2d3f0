// Jest runs in its CommonJS mode: Nest 12 is ESM-only and fails in Jest's ESM mode, so the ESM-only packages
// are transformed too. This is not the product; what must hold for the product is tested on `dist` (project e2e).
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
  transform: { '\\.[cm]?[jt]s$': ['@swc/jest', swcOptions] },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnlyPackages.join('|')})/)`],
  moduleNameMapper: {
    '^#libs/(.*)$': '<rootDir>/libs/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  setupFiles: ['reflect-metadata'],
  setupFilesAfterEnv: [cleanUp],
}

const countsFile = process.env.TEST_COUNTS_FILE

/** Specs of promises that hold on both engines; the others are about the embedded store, or need a mutant or a measure of it. */
const onBothEngines = [
  'cursors',
  'directory',
  'eventsource',
  'expiry',
  'feed',
  'ids',
  'lifecycle',
  'pages',
  'positions',
  'readers',
  'reconnect',
  'refusals',
  'retries',
  'retries-after-restart',
  'send',
  'start',
]

const kafka = {
  globalSetup: '<rootDir>/test/kafka/global-setup.cjs',
  globalTeardown: '<rootDir>/test/kafka/global-teardown.cjs',
}

/** @type {import('jest').Config} */
module.exports = {
  reporters: ['default', ...(countsFile ? [['<rootDir>/.ci/counts-reporter.cjs', { file: countsFile }]] : [])],
  maxWorkers: 2,
  testTimeout: 20_000,
  projects: [
    { ...shared, displayName: 'unit', roots: ['<rootDir>/src', '<rootDir>/libs'], testMatch: ['**/*.spec.ts'] },
    {
      ...shared,
      displayName: 'e2e',
      roots: ['<rootDir>/test'],
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/kafka/'],
    },
    {
      ...shared,
      displayName: 'kafka',
      roots: ['<rootDir>/test/kafka'],
      testMatch: ['**/*.spec.ts'],
      ...kafka,
    },
    {
      ...shared,
      displayName: 'e2e on kafka',
      roots: ['<rootDir>/test/e2e'],
      testMatch: onBothEngines.map((name) => `**/${name}.spec.ts`),
      setupFilesAfterEnv: [cleanUp, '<rootDir>/test/kafka/on-kafka.cjs'],
      ...kafka,
    },
  ],
}
