import { Turns } from './turns.js'

const turn = (): Promise<void> => new Promise(setImmediate)

describe('turns', () => {
  it('let a bounded number of requests go on in one turn, in the order of their arrival', async () => {
    const turns = new Turns(3)
    const gone: number[] = []
    const arrive = (n: number): void => {
      turns.take(() => gone.push(n))
    }
    for (let n = 0; n < 8; n++) arrive(n)
    expect(gone).toEqual([0, 1, 2])
    await turn()
    expect(gone).toEqual([0, 1, 2, 3, 4, 5])
    arrive(8)
    expect(gone).toEqual([0, 1, 2, 3, 4, 5])
    await turn()
    expect(gone).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('let a request go on at once when the turn has room', async () => {
    const turns = new Turns(2)
    const gone: number[] = []
    for (let n = 0; n < 6; n++) {
      turns.take(() => gone.push(n))
      expect(gone).toHaveLength(n + 1)
      await turn()
    }
  })
})
