import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { cached } from './cache.js'
import { packageFolder } from './package-folder.js'

const run = promisify(execFile)
const project = join(packageFolder, 'test/kafka')
const oldestJava = 17
// Some 90 jars, 54 MB, over any line.
const downloadLimitMs = 600_000

/** What this machine lacks to run Kafka; anything else that goes wrong is a failure. */
export class NoKafkaHere extends Error {}

/**
 * The folder of Kafka's jars, each as `test/kafka/jars.sha256` has it; Maven is asked for them once per machine.
 * @throws NoKafkaHere where Java is missing or too old, or where Maven is missing or cannot get the jars
 */
export async function kafkaJars(): Promise<string> {
  await requireJava()
  const list = await readFile(join(project, 'jars.sha256'), 'utf8')
  const folder = await cached(`kafka-${sha256(list).slice(0, 12)}`, (partial) => download(partial, list))
  await verifyJars(folder, list)
  return folder
}

/** @throws Error naming every file of `folder` that `list` (in sha256sum's format) has not, lacks or has otherwise */
export async function verifyJars(folder: string, list: string): Promise<void> {
  const wanted = new Map(list.split('\n').flatMap((line) => (line === '' ? [] : [entry(line)])))
  const found = await readdir(folder)
  const faults = found.filter((name) => !wanted.has(name)).map((name) => `${name} is not in the list`)
  for (const [name, sum] of wanted) {
    if (!found.includes(name)) faults.push(`${name} is missing`)
    else if (sha256(await readFile(join(folder, name))) !== sum) faults.push(`${name} has another checksum`)
  }
  if (faults.length > 0) throw new Error(`Kafka's jars in ${folder} are not those of jars.sha256: ${faults.join(', ')}`)
}

async function requireJava(): Promise<void> {
  const { stderr } = await tool('java', ['-version'])
  const version = Number(/version "(\d+)/.exec(stderr)?.[1])
  if (!(version >= oldestJava)) throw new NoKafkaHere(`Java ${oldestJava} or newer is needed, this is ${version}`)
}

async function download(folder: string, list: string): Promise<void> {
  const goals = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
  await tool('mvn', ['-B', '-q', '-f', join(project, 'pom.xml'), ...goals])
  await verifyJars(folder, list)
}

async function tool(command: string, args: readonly string[]): Promise<{ readonly stderr: string }> {
  try {
    return await run(command, args, { timeout: downloadLimitMs })
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'is not installed' : 'failed'
    throw new NoKafkaHere(`${command} ${reason}`, { cause })
  }
}

function entry(line: string): [name: string, sum: string] {
  const [sum = '', name = ''] = line.split(/ [ *]/)
  return [name, sum]
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
