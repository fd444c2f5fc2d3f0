import { Transform, type TransformFnParams } from 'class-transformer'
import { IsInt, IsObject, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator'

const YEAR_MS = 365 * 24 * 3_600_000

/** The object as it came: the transformer would drop members whose names every object has, such as "toString". */
const asGiven = ({ obj, key }: TransformFnParams): unknown => (obj as Record<string, unknown>)[key]

/** How a stream is to be. Everything has a default. */
export class StartRequest {
  /** The stream's id; without one the server makes one. Not allowed where the address has it. */
  @IsOptional()
  @IsString()
  stream_id?: string

  /** What is done to each record. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  processor?: string

  /** Options of the processor, at most 4,096 characters of JSON. */
  @IsOptional()
  @IsObject()
  @Transform(asGiven)
  processor_options?: Record<string, unknown>

  /** The stream expires when nobody used it for this long (ms). */
  @IsOptional()
  @IsInt()
  @Min(100)
  @Max(YEAR_MS)
  idle_timeout_ms?: number

  /** Results are kept this long (ms), at most as long as the server keeps them. */
  @IsOptional()
  @IsInt()
  @Min(1_000)
  retention_ms?: number

  /** Up to 16 labels, to find streams by: names of at most 64 characters, values of at most 256. */
  @IsOptional()
  @IsObject()
  @Transform(asGiven)
  labels?: Record<string, string>
}
