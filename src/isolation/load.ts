import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { instancesOf, type Constructor } from './instances.js'

/** A processor, ready to be run. */
export interface Loaded {
  readonly identity: ProcessorClass['processor']
  readonly instance: RecordProcessor
}

/** What is wrong with a file, in a line. */
export class LoadError extends Error {
  override readonly name = 'LoadError'
}

/**
 * Every class with settings of a processor that the files export, and those of the folders' files.
 * @param paths relative to the working folder
 * @throws LoadError
 */
export async function loadProcessors(paths: readonly string[]): Promise<Loaded[]> {
  const loaded: Loaded[] = []
  for (const path of paths) for (const file of await filesOf(path)) loaded.push(...(await loadFile(file)))
  return loaded
}

async function filesOf(path: string): Promise<string[]> {
  const absolute = resolve(path)
  const found = await stat(absolute).catch((cause: unknown) => failed(path, cause))
  if (!found.isDirectory()) return [absolute]
  const names = (await readdir(absolute)).filter((name) => /\.[cm]?js$/.test(name)).sort()
  if (names.length === 0) throw new LoadError(`PROCESSORS: there is no .js, .mjs or .cjs file in ${path}.`)
  return names.map((name) => join(absolute, name))
}

async function loadFile(file: string): Promise<Loaded[]> {
  try {
    const exported = classesOf((await import(pathToFileURL(file).href)) as Record<string, unknown>)
    const processors = exported.filter(isProcessor)
    const instances = await instancesOf(processors, exported)
    return processors.map((each, index) => ({
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

function failed(path: string, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  throw new LoadError(`PROCESSORS: ${path} cannot be loaded: ${reason.split('\n', 1)[0] ?? ''}`, { cause })
}
