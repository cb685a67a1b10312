/** The version of waggle, from its package. */
import { readFileSync } from 'node:fs';

export function agentVersion(): string {
  // The same place seen from src/ and from dist/.
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
