import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonSchema, ProcessorClass, RecordProcessor } from '#libs/processor'
import { BUILT_IN } from '../../src/processors/built-in.js'
import { packageFolder } from '../support/package-folder.js'
import { replaysOf } from '../support/replays.js'
import { examplesOf, rowsBehind, snippetsOf } from '../support/snippets.js'

const page = readFileSync(join(packageFolder, 'docs/built-in-processors.md'), 'utf8')

type Known = ProcessorClass & (new () => RecordProcessor)

/** Those that have options. */
const processors = (BUILT_IN as readonly unknown[] as readonly Known[]).filter(
  ({ processor }) => processor.options !== undefined,
)
const named = processors.map((type) => [type.processor.name, type] as const)

interface OptionSchema extends JsonSchema {
  readonly description: string
  readonly type?: string
  readonly items?: OptionSchema
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly default?: unknown
}

/** What the schema says of every path; the page says it once. */
const OF_PATHS = ' Names of members separated by dots, such as reading.temperature.'

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
const number = (value = NaN): string => value.toLocaleString('en')

function valuesOf(schema: OptionSchema): string {
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (schema.items !== undefined) return `list of ${valuesOf(schema.items)}`
  if (schema.type === 'boolean') return 'true, false'
  if (schema.type === 'string') return schema.description.endsWith(OF_PATHS) ? 'path' : 'text'
  if (schema.exclusiveMinimum !== undefined)
    return `above ${number(schema.exclusiveMinimum)}, up to ${number(schema.maximum)}`
  return `${number(schema.minimum)} to ${number(schema.maximum)}`
}

/** What an option's text says at its end, where the schema cannot fill it in: the option may be given only beside another one. */
const SAID_DEFAULT = / Default: (\S+)\.$/

function fallbackOf({ default: fallback, description }: OptionSchema): string {
  const said = SAID_DEFAULT.exec(description)?.[1]
  if (said !== undefined) return code(said)
  return fallback === undefined ? '' : code(fallback)
}

/** The rows that the page must have for a schema. */
function rowsOf({ properties, required }: JsonSchema): string[] {
  const needed = required as readonly string[]
  return Object.entries(properties as Readonly<Record<string, OptionSchema>>).map(([name, schema]) => {
    const about = schema.description.replace(OF_PATHS, '').replace(SAID_DEFAULT, '')
    return `| \`${name}\` | ${about} | ${valuesOf(schema)} | ${needed.includes(name) ? 'needed' : fallbackOf(schema)} |`
  })
}

describe('docs/built-in-processors.md', () => {
  it('has a section for each processor with options, and lists them all', () => {
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, name]) => name)
    const names = named.map(([name]) => name)
    expect([...sections].sort()).toEqual(names.sort())
    const listed = rowsBehind(page, '[processors.md](processors.md)').map((row) => /\[`(.*)`\]\(#(.*)\)/.exec(row))
    expect(listed.map((match) => match?.[1])).toEqual(sections)
    expect(listed.map((match) => match?.[2])).toEqual(sections)
  })

  it.each(named)('says the options of %s as its schema does', (name, { processor }) => {
    expect(rowsBehind(page, `<!-- options: ${name} -->`)).toEqual(rowsOf(processor.options ?? {}))
  })

  const examples = examplesOf(snippetsOf(page))

  it('shows every processor at work', () => {
    expect([...new Set(examples.map(({ section }) => section))].sort()).toEqual(named.map(([name]) => name).sort())
  })

  it.each(examples.map((example, index) => [example.section, index + 1, example] as const))(
    'shows what %s gives (example %i of the page), however its records come',
    (section, _number, example) => {
      const type = new Map(named).get(section)
      if (type === undefined) throw new Error(`there is no processor ${section}`)
      const replays = replaysOf(type, example)
      expect(replays).toEqual(Object.fromEntries(Object.keys(replays).map((way) => [way, example.results])))
    },
  )
})
