import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Controller, Get, Header, Param, StreamableFile } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import { ApiDocument } from './api-document.js'

/** The files of Swagger UI that the page needs, and no other. */
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
])

// Addresses are relative, so that the page works behind a proxy that adds a path.
const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Millrace API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: 'openapi.json', dom_id: '#swagger-ui', deepLinking: true })</script>
</body>
</html>
`

/** The API document, and Swagger UI to read it. */
@Controller()
export class DocsController {
  constructor(private readonly document: ApiDocument) {}

  @Get('openapi.json')
  @Header('content-type', 'application/json; charset=utf-8')
  openapi(): Promise<string> {
    return this.document.json()
  }

  @Get('docs')
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE
  }

  @Get('docs/:file')
  @Header('cache-control', 'public, max-age=3600')
  asset(@Param('file') file: string): StreamableFile {
    const type = ASSETS.get(file)
    if (type === undefined) throw new ApiError('not_found')
    const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
    return new StreamableFile(createReadStream(join(folder, file)), { type })
  }
}
