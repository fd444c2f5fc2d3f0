export type Constructor = new (...args: never[]) => unknown

/** Nest's mark of a class under `@Injectable()`. */
const INJECTABLE = '__injectable__'

/**
 * One instance of each class. Constructors may ask for other classes of the file that are `@Injectable()`; only then Nest is loaded, which
 * takes longer than everything else that a worker process does before its first record.
 */
export async function instancesOf(classes: readonly Constructor[], file: readonly Constructor[]): Promise<unknown[]> {
  if (classes.every(({ length }) => length === 0)) return classes.map((each) => new each())
  await import('reflect-metadata')
  const { NestFactory } = await import('@nestjs/core')
  const injectable = file.filter((each) => Reflect.hasMetadata(INJECTABLE, each))
  const FileModule = class {
    readonly file = file
  }
  const module = { module: FileModule, providers: [...new Set([...classes, ...injectable])] }
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
  return classes.map((each): unknown => context.get(each))
}
