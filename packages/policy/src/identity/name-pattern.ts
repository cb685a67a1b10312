/**
 * Patterns of DNS names: `*` stands for any characters of one label (also none), `**.` at the beginning for one or more labels, and
 * `*` alone for every name. Names are in lower case with their final dot, as rules have them.
 */

/** Whether a pattern (a name without `*` is one, too) matches a name. */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern === '*' || pattern === '*.') return true;
  const deep = pattern.startsWith('**.');
  const rest = (deep ? pattern.slice(3) : pattern)
    .split('*')
    .map((text) => text.replaceAll('.', '\\.'))
    .join('[-a-z0-9_]*');
  return new RegExp(`^${deep ? '(?:[-a-z0-9_]+\\.)+' : ''}${rest}$`).test(name);
}
