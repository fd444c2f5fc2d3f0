/** A fenced block of a page. */
export interface Snippet {
  readonly language: string
  /** What stands behind the language: the name of a file, or of a part of an example. */
  readonly title: string
  readonly text: string
  /** The name of the section that it is in. */
  readonly section: string
}

/** What a processor makes of records, as a page shows it. */
export interface Example {
  readonly section: string
  /** The name of the file that was shown last. */
  readonly file: string
  readonly options: Readonly<Record<string, unknown>>
  readonly records: readonly ExampleRecord[]
  /** JSON texts. */
  readonly results: readonly string[]
}

/** `at`: ms since 1970, or as an ISO time. Without `data` time passes until then and no data comes. */
export interface ExampleRecord {
  readonly at: number | string
  readonly data?: unknown
}

/** The fenced blocks of a page, in order. */
export function snippetsOf(markdown: string): Snippet[] {
  let section = ''
  return [...markdown.matchAll(/^## (.*)$|^```(\w+) ?(\S*)\n([^]*?)^```$/gm)].flatMap((match) => {
    const [, heading, language = '', title = '', text = ''] = match
    if (heading !== undefined) section = heading
    return heading === undefined ? [{ language, title, text, section }] : []
  })
}

/** The examples of a page: each is `json options`, if there are any, `json records` and `json results`. */
export function examplesOf(snippets: readonly Snippet[]): Example[] {
  const examples: Example[] = []
  let parts: Partial<Record<string, string>> = {}
  let file = ''
  for (const { language, title, text, section } of snippets) {
    if (language === 'js' || language === 'ts') file = title
    if (language !== 'json') continue
    parts[title] = text
    if (title !== 'results') continue
    const { options = '{}', records = '', results = '' } = parts
    examples.push({
      section,
      file,
      options: JSON.parse(options) as Record<string, unknown>,
      records: linesOf(records).map((line) => JSON.parse(line) as ExampleRecord),
      results: linesOf(results),
    })
    parts = {}
  }
  return examples
}

/** The rows of the table behind `mark`, without its head. */
export function rowsBehind(markdown: string, mark: string): string[] {
  const from = markdown.indexOf(mark)
  if (from === -1) throw new Error(`there is no ${mark}`)
  const lines = markdown.slice(from + mark.length).split('\n')
  const first = lines.findIndex((line) => line.startsWith('|'))
  const behind = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  return lines.slice(first + 2, behind)
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
