/** Takes the HTTP chunk framing off a response body. It copies nothing. @see RFC 9112 §7.1 */
export class ChunkDecoder {
  private left = 0
  private sizeLine = ''

  /** Calls `emit` with each stretch of body in `bytes`. */
  decode(bytes: Buffer, emit: (part: Buffer) => void): void {
    let at = 0
    while (at < bytes.length) {
      if (this.left > 0) {
        const end = Math.min(at + this.left, bytes.length)
        this.left -= end - at
        emit(bytes.subarray(at, end))
        at = end
        continue
      }
      const end = bytes.indexOf(0x0a, at)
      this.sizeLine += bytes.toString('latin1', at, end < 0 ? bytes.length : end)
      if (end < 0) return
      // An empty line is the CRLF that closes the chunk before.
      this.left = this.sizeLine === '\r' ? 0 : Number.parseInt(this.sizeLine, 16)
      this.sizeLine = ''
      at = end + 1
    }
  }
}
