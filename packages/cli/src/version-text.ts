/** What a report of a fault has to begin with: the versions of waggle, node and the kernel. */
import { readFileSync } from 'node:fs';
import { machine, release } from 'node:os';

/** The version of waggle, from its package. */
export function waggleVersion(): string {
  // The same place seen from src/ and from dist/.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** `waggle 0.1.0 (node v20.20.2, Linux 6.8.0-45-generic x86_64)` */
export function versionText(): string {
  return `waggle ${waggleVersion()} (node ${process.version}, Linux ${release()} ${machine()})`;
}
