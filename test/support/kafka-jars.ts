import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { cached } from './cache.js'
import type { JavaRuntime } from './java-runtime.js'
import { NoKafkaHere } from './no-kafka-here.js'
import { packageFolder } from './package-folder.js'

const run = promisify(execFile)
const project = join(packageFolder, 'test/kafka')
// Some 90 jars, 54 MB, over any line.
const downloadLimitMs = 600_000

/**
 * The folder of Kafka's jars, each as `test/kafka/jars.sha256` has it; Maven is asked for them once per machine.
 * @throws NoKafkaHere where Maven is missing or cannot get the jars
 */
export async function kafkaJars(java: JavaRuntime): Promise<string> {
  const list = await readFile(join(project, 'jars.sha256'), 'utf8')
  const folder = await cached('kafka', list, (partial) => download(java, partial, list))
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

async function download(java: JavaRuntime, folder: string, list: string): Promise<void> {
  const goals = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
  try {
    const args = ['-B', '-q', '-f', join(project, 'pom.xml'), ...goals]
    await run('mvn', args, { timeout: downloadLimitMs, env: java.env })
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT' ? 'is not installed' : 'failed'
    throw new NoKafkaHere(`mvn ${reason}`, { cause })
  }
  await verifyJars(folder, list)
}

function entry(line: string): [name: string, sum: string] {
  const [sum = '', name = ''] = line.split(/ [ *]/)
  return [name, sum]
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
