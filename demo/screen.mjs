const BAR = 32
const REDRAW_MS = 100

const number = (value) => value.toLocaleString('en')

/** Shows how far the demo is: in place on a terminal, else in a line for each tenth. */
export class Screen {
  constructor(out, state) {
    this.out = out
    this.state = state
    this.lines = 0
    this.tenth = 0
    if (out.isTTY) this.timer = setInterval(() => this.draw(), REDRAW_MS)
  }

  /** To be called when there is something new. */
  changed() {
    const tenth = Math.floor((10 * this.state.sent) / this.state.total)
    if (this.out.isTTY || tenth === this.tenth) return
    this.tenth = tenth
    this.out.write(`${[`${10 * tenth} %`, ...this.told()].join('; ')}\n`)
  }

  close() {
    clearInterval(this.timer)
    if (this.out.isTTY) this.draw()
  }

  draw() {
    const { sent, total } = this.state
    const full = Math.round((BAR * sent) / total)
    const [records, ...others] = this.told()
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR - full)}`
    const lines = [`${bar} ${records}`, ...others].map((line) => line.slice(0, (this.out.columns || 80) - 1))
    const back = this.lines === 0 ? '' : `\x1b[${this.lines}A`
    this.out.write(`${back}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`)
    this.lines = lines.length
  }

  told() {
    const { sent, total, startedAt, stoppedAt = performance.now(), windows, faults, lastWindow, lastFault } = this.state
    const rate = Math.round((1000 * sent) / Math.max(1, stoppedAt - startedAt))
    return [
      `${number(sent)} of ${number(total)} records sent, ${number(rate)}/s`,
      `${number(windows.seen)} of ${number(windows.expected)} windows closed${lastWindow ? `, ${lastWindow}` : ''}`,
      `${faults.seen} of ${faults.expected} faults found${lastFault ? `, ${lastFault}` : ''}`,
    ]
  }
}

/** Lines of a table; the first column is text, the others are numbers. */
export function table(head, rows) {
  const all = [head, ...rows.map(([name, ...numbers]) => [name, ...numbers.map(number)])]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const pad = (cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))
  return all.map((row) => row.map(pad).join('   ')).join('\n')
}
