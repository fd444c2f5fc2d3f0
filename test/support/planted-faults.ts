import type { Patch } from './mutants.js'
import type { ViolationKind } from './violation.js'

export interface PlantedFault {
  readonly patches: readonly Patch[]
  /** What the checker must find, whatever else it finds. */
  readonly shows: ViolationKind
}

const writeResults = 'this.sink?.write(batch.map(({ commit }) => commit));'

/**
 * Faults that the kill checker must find: each breaks one promise in the built program. Those that need a kill at the right instant
 * wait there, as a slow disk would, so that few kills miss it.
 */
export const plantedFaults: Readonly<Record<string, PlantedFault>> = {
  'a send is acked before its record is written': {
    shows: 'lost',
    patches: [
      {
        file: 'dist/src/embedded/embedded-engine.js',
        find: "const held = await this.store.transact('epoch', this.epoch, () => void this.input.put(inputKey(first), value))",
        replace: `const held = true
            void wait(20).then(() => this.store.transact('epoch', this.epoch, () => void this.input.put(inputKey(first), value)))`,
      },
    ],
  },
  'progress is written, and input trimmed, in a transaction before that of the results': {
    shows: 'lost',
    patches: [
      {
        file: 'dist/src/embedded/embedded-engine.js',
        find: writeResults,
        replace: ';',
      },
      {
        file: 'dist/src/embedded/embedded-engine.js',
        find: 'while (!(await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), write)))',
        replace: `await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), write); await wait(200);
        const results = () => { ${writeResults} };
        while (!(await this.tryCommit(headVersion(this.epoch, n), results)))`,
      },
    ],
  },
  'progress is written in a transaction behind that of the results, and headers do not say what they cover': {
    shows: 'doubled',
    patches: [
      {
        file: 'dist/src/embedded/embedded-engine.js',
        find: writeResults,
        replace: ';',
      },
      {
        file: 'dist/src/embedded/embedded-engine.js',
        find: 'while (!(await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), write)))',
        replace: `const results = () => { ${writeResults} };
        await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), results); await wait(200);
        while (!(await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), write)))`,
      },
      {
        file: 'dist/src/processing/record-batch.js',
        find: 'const { offset, records } = header.lastInput;',
        replace: 'const { offset, records } = { offset: -1, records: 0 };',
      },
    ],
  },
  'an Idempotency-Key that came before is not recognised': {
    shows: 'doubled',
    patches: [
      {
        file: 'dist/src/processing/retries.js',
        find: 'if (memory === undefined)',
        replace: 'if (true)',
      },
    ],
  },
  'what is remembered of retried sends does not survive a restart': {
    shows: 'doubled',
    patches: [
      {
        file: 'dist/src/view/view.js',
        find: 'this.dedupe.write(patch.incarnation, patch.dedupe);',
        replace: '',
      },
    ],
  },
  'a live frame is skipped': {
    shows: 'skipped',
    patches: [
      {
        file: 'dist/src/streams/subscriber.js',
        find: 'this.write(frame.text);',
        replace: 'if (frame.to % 20 !== 0) this.write(frame.text);',
      },
    ],
  },
  'a live frame is repeated': {
    shows: 'repeated',
    patches: [
      {
        file: 'dist/src/streams/subscriber.js',
        find: 'this.write(frame.text);',
        replace: 'this.write(frame.text); if (frame.to % 20 === 0) this.write(frame.text);',
      },
    ],
  },
  'a reader that catches up loses the first result of its page': {
    shows: 'skipped',
    patches: [
      {
        file: 'dist/src/streams/stream-source.js',
        find: 'this.view.results.page(incarnation, position, maxChars)',
        replace: 'this.view.results.page(incarnation, position + 1, maxChars)',
      },
    ],
  },
}

/** Two processes on one store: every transaction holds, whoever has taken the store over meanwhile. */
export const epochOff: readonly Patch[] = [
  {
    file: 'dist/src/view/store.js',
    find: 'this.meta.ifVersion(key, version,',
    replace: "this.meta.ifNoExists('absent',",
  },
  // The older process would else stop when it sees that the lock is gone.
  { file: 'dist/src/view/lock.js', find: '}, WATCH_MS).unref();', replace: '}, 1_000_000).unref();' },
  // The newer process would else take no sends: it waits for input it has found, which the older one trims meanwhile.
  {
    file: 'dist/src/embedded/embedded-engine.js',
    find: 'return this.taken >= this.recovered;',
    replace: 'return true;',
  },
]
