/** What stands around a policy in a document of Kubernetes: kind, name, namespace, annotations. */
import type { Fields, Part } from '../documents/part.ts';

/** The annotation that puts a policy into audit mode. */
export const AUDIT_ANNOTATION = 'policy.waggle.io/audit';

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly labels: readonly (readonly [string, string])[];
  readonly audit: boolean;
}

/** What the metadata of Kubernetes may have, and is not looked at: an API server sets it. */
const IGNORED = [
  'clusterName',
  'creationTimestamp',
  'deletionGracePeriodSeconds',
  'deletionTimestamp',
  'finalizers',
  'generateName',
  'generation',
  'managedFields',
  'ownerReferences',
  'resourceVersion',
  'selfLink',
] as const;

/** Reads `metadata`. */
export function readMetadata(document: Fields<'metadata'>): Metadata | undefined {
  const fields = document
    .need('metadata')
    ?.fields(['name', 'namespace', 'uid', 'labels', 'annotations', ...IGNORED]);
  if (fields === undefined) return undefined;
  const name = fields.need('name')?.word();
  const namespace = fields.get('namespace')?.text() || undefined;
  const uid = fields.get('uid')?.text() || undefined;
  const labels = texts(fields.get('labels'));
  const audit = readAudit(fields.get('annotations'));
  if (name === undefined) return undefined;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    labels,
    audit,
  };
}

function readAudit(annotations: Part | undefined): boolean {
  const [, part] = annotations?.entries().find(([name]) => name === AUDIT_ANNOTATION) ?? [];
  return part?.oneOf(['true', 'false']) === 'true';
}

const texts = (part: Part | undefined): [string, string][] =>
  part?.entries().flatMap(([key, value]) => {
    const text = value.text();
    return text === undefined ? [] : [[key, text]];
  }) ?? [];
