import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { instancesOf, type Constructor } from './instances.js'

/** A processor, ready to be run. */
export interface Loaded {
  /** Absolute path; undefined if it came with Millrace. */
  readonly file: string | undefined
  readonly identity: ProcessorClass['processor']
  readonly instance: RecordProcessor
}

/** What is wrong with a file or folder: the message is a line about it. */
export class LoadError extends Error {
  override readonly name = 'LoadError'

  constructor(
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Of a folder, files that hold processors. Nobody wants tests, or what they import, in a server. */
const isProgram = (name: string): boolean => /\.[cm]?js$/.test(name) && !/\.(test|spec)\.[cm]?js$/.test(name)

/**
 * Every class with settings of a processor that the files export, and those of the folders' files.
 * @param paths relative to the working folder
 * @param begin called with each file before any code of it runs
 * @throws LoadError
 */
export async function loadProcessors(paths: readonly string[], begin: (file: string) => void): Promise<Loaded[]> {
  const loaded: Loaded[] = []
  for (const path of paths)
    for (const file of await filesOf(resolve(path))) {
      begin(file)
      loaded.push(...(await loadFile(file)))
    }
  return loaded
}

async function filesOf(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: unknown) => failed(path, cause))
  if (!found.isDirectory()) return [path]
  const names = (await readdir(path)).filter(isProgram).sort()
  if (names.length === 0) throw new LoadError(path, 'there is no .js, .mjs or .cjs file in it, tests apart.')
  return names.map((name) => join(path, name))
}

async function loadFile(file: string): Promise<Loaded[]> {
  try {
    const exported = classesOf((await import(pathToFileURL(file).href)) as Record<string, unknown>)
    const processors = exported.filter(isProcessor)
    const instances = await instancesOf(processors, exported)
    return processors.map((each, index) => ({
      file,
      identity: each.processor,
      instance: instances[index] as RecordProcessor,
    }))
  } catch (cause) {
    return failed(file, cause)
  }
}

/** Everything exported that can be constructed. What a CommonJS file exports is there under its names, and as `default` once more. */
function classesOf(module: Readonly<Record<string, unknown>>): Constructor[] {
  const { default: all } = module
  const inDefault: unknown[] = typeof all === 'object' && all !== null ? Object.values(all) : []
  const functions = [...Object.values(module), ...inDefault].filter((each) => typeof each === 'function')
  return [...new Set(functions)] as unknown as Constructor[]
}

const isProcessor = (each: Constructor): each is Constructor & ProcessorClass =>
  // Its own: a subclass without settings is not the same processor twice.
  Object.hasOwn(each, 'processor')

function failed(file: string, cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause)
  throw new LoadError(file, message.split('\n', 1)[0] ?? '', { cause })
}
