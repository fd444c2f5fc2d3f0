import { randomBytes } from 'node:crypto'
import { cp, open, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

import type { Fault } from '../fault.js'
import type { Replica } from '../replica.js'
import { World } from '../world.js'

const pageBytes = 4096
const rootPages = 2

/** What becomes of the folder of a replica that does not run. */
type Damage = (replica: Replica) => Promise<void>

const dataFile = ({ dataDir }: Replica): string => join(dataDir, 'store/data.mdb')
const former = ({ dataDir }: Replica): string => `${dataDir}-former`

const damages: Readonly<Record<string, Damage>> = {
  empty: ({ dataDir }) => rm(dataDir, { recursive: true }),
  async stale(replica) {
    await rm(replica.dataDir, { recursive: true })
    await cp(former(replica), replica.dataDir, { recursive: true })
  },
  async truncated(replica) {
    const { size } = await stat(dataFile(replica))
    await truncate(dataFile(replica), size / 2)
  },
  async garbled(replica) {
    const { size } = await stat(dataFile(replica))
    await overwrite(dataFile(replica), rootPages * pageBytes, size - rootPages * pageBytes)
  },
  'garbled in its first page': (replica) => overwrite(dataFile(replica), 0, pageBytes),
}

export const damagedView: Fault = {
  name: 'damaged-view',
  title: `a replica killed and started with a view that is ${Object.keys(damages).join(', ')}`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { progress, random } = ground
    const world = await World.open(ground, { replicas: 2 })
    for (const replica of world.replicas) {
      await replica.kill('SIGTERM')
      await cp(replica.dataDir, former(replica), { recursive: true })
      await replica.start()
    }
    await world.goesOn()
    for (const [name, damage] of Object.entries(damages)) {
      const [one, ...others] = world.replicas as [Replica, ...Replica[]]
      const replica = random.pick([one, ...others])
      progress(`${replica.name} has a view that is ${name}`)
      await replica.kill()
      await damage(replica)
      await replica.start()
      world.generation++
      // Whoever asks it for what its view does not hold yet waits; the others of the two are down now and then.
      await world.goesOn()
    }
    return await world.finish()
  },
}

async function overwrite(path: string, position: number, bytes: number): Promise<void> {
  const file = await open(path, 'r+')
  await file.write(randomBytes(bytes), 0, bytes, position)
  await file.close()
}
