import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { RESULT_ERRORS } from '#libs/contract'
import { DEFAULT_STATE_LIMITS, type Input } from '#libs/processor'
import { decodeAnswer, encodeWork } from '../../src/kafka/external-wire.js'
import { WorkOut } from '../../src/kafka/work-out.js'
import type { StreamWork } from '../../src/processing/batch.js'
import type { JobWork } from '../support/memory-job.js'
import { packageFolder } from '../support/package-folder.js'
import { rowsBehind, snippetsOf } from '../support/snippets.js'

const page = readFileSync(join(packageFolder, 'docs/external-processing.md'), 'utf8')
const snippet = (title: string): string => snippetsOf(page).find((one) => one.title === title)?.text ?? ''

describe('docs/external-processing.md', () => {
  const shown = JSON.parse(snippet('work')) as JobWork
  const { partition, offset, index, at, records, stream, incarnation, processor, options } = shown
  const texts = records.map((record) => JSON.stringify(record))
  const work: StreamWork = {
    stream,
    incarnation,
    settings: { processor, options, labels: {}, retentionMs: 1, idleTimeoutMs: 1 },
    options,
    inputs: texts.map((text, record): Input => ({ kind: 'record', at, text, offset, index: index + record })),
    timer: undefined,
    stateVersion: undefined,
    state: { bytes: 0, get: () => undefined, keys: () => [] },
  }

  it('shows work as it is written, member by member', () => {
    const text = encodeWork(partition, work, { offset, index, at, records: texts })
    expect(JSON.stringify(shown)).toBe(text)
    const explained = rowsBehind(page, '```json work').flatMap((row) =>
      [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
    )
    expect(explained).toEqual(Object.keys(shown))
  })

  it('shows an answer that settles this work', () => {
    const out = new WorkOut(partition, [work], { state: DEFAULT_STATE_LIMITS, results: 10, chars: 10_000 })
    const answer = decodeAnswer(snippet('answer'))
    expect(answer && out.take(answer)).toBe(true)
    expect(out.isSettled()).toBe(true)
  })

  it('names no error that there is not', () => {
    const codes = rowsBehind(page, '| what is wrong').flatMap((row) =>
      [...row.matchAll(/with `([a-z_]+)`/g)].map(([, code]) => code),
    )
    expect(codes).not.toEqual([])
    for (const code of codes) expect(Object.keys(RESULT_ERRORS)).toContain(code)
  })
})
