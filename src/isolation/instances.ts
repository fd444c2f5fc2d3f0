export type Constructor = new (...args: never[]) => unknown

/** Nest's mark of a class under `@Injectable()`. */
const INJECTABLE = '__injectable__'

/** What a class's constructor asks for: written by the compiler, or by `@Inject()`. */
const ASKS_FOR = ['design:paramtypes', 'self:paramtypes']

/**
 * One instance of each class. Constructors may ask for other classes of the file that are `@Injectable()`; only then Nest is loaded, which
 * takes longer than everything else that a worker process does before its first record.
 * @throws Error if something that a constructor asks for is not there
 */
export async function instancesOf(classes: readonly Constructor[], file: readonly Constructor[]): Promise<unknown[]> {
  if (classes.every(({ length }) => length === 0)) return classes.map((each) => new each())
  await import('reflect-metadata')
  const { NestFactory } = await import('@nestjs/core')
  const injectable = file.filter((each) => Reflect.hasMetadata(INJECTABLE, each))
  const FileModule = class {
    readonly file = file
  }
  for (const each of [...classes, ...injectable])
    if (each.length > 0 && !ASKS_FOR.some((key) => Reflect.hasMetadata(key, each)))
      // Nest would give it nothing.
      throw new Error(`The constructor of ${each.name} does not say what it asks for; @Inject() would.`)
  const module = { module: FileModule, providers: [...new Set([...classes, ...injectable])] }
  const context = await NestFactory.createApplicationContext(module, { logger: false, abortOnError: false })
  return classes.map((each): unknown => context.get(each))
}
