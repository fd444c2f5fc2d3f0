import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { verifyJars } from './support/kafka-jars.js'
import { temporaryFolder } from './support/temp-folder.js'

const line = (name: string): string => `${createHash('sha256').update(`content of ${name}`).digest('hex')}  ${name}\n`
const list = line('a.jar') + line('b.jar')

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

describe('the cached jars of Kafka', () => {
  const [a, b] = ['content of a.jar', 'content of b.jar']

  it('are taken when they are those of the list', async () => {
    await expect(verifyJars(await folderOf({ 'a.jar': a, 'b.jar': b }), list)).resolves.toBeUndefined()
  })

  it.each([
    ['another checksum', { 'a.jar': a, 'b.jar': 'changed' }, 'b.jar has another checksum'],
    ['a jar missing', { 'a.jar': a }, 'b.jar is missing'],
    ['a jar too many', { 'a.jar': a, 'b.jar': b, 'c.jar': '' }, 'c.jar is not in the list'],
  ])('are refused with %s', async (_fault, files, message) => {
    await expect(verifyJars(await folderOf(files), list)).rejects.toThrow(message)
  })
})
