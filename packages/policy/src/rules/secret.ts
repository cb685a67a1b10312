import type { Part } from '../documents/part.ts';
import type { SecretReference } from './l7.ts';

/** A secret of Kubernetes, by name: `{ namespace, name }`. */
export function readSecret(part: Part): SecretReference | undefined {
  const fields = part.fields(['namespace', 'name']);
  const name = fields?.need('name')?.word();
  const namespace = fields?.get('namespace')?.word();
  return name === undefined ? undefined : { name, ...(namespace !== undefined && { namespace }) };
}
