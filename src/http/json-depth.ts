/**
 * The deepest nesting of a JSON text. Whatever walks or writes a value recurses, and gives up at a depth that depends on what the stack
 * holds already: without a bound a record could be taken and then be too deep for its result, or for a page of them.
 */
export const MAX_DEPTH = 512

/** Whether a JSON text is nested too deeply. A short one cannot be: each level takes two characters. */
export function isTooDeep(json: string): boolean {
  if (json.length <= 2 * MAX_DEPTH) return false
  let depth = 0
  for (let at = 0; at < json.length; at++) {
    const char = json[at]
    if (char === '"') at = endOfString(json, at)
    else if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** Where the string that begins at `start` ends: at the next quote behind an even number of backslashes. */
function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
  // Not JSON: the parser says so.
  return json.length
}
