/** A small shop to explain the policies of: its endpoints, and policies that are given as text. */
import { PolicyRepository, type RepositoryOptions } from '../../engine/repository.ts';
import type { Identity } from '../../identity/identity.ts';
import { cidrLabels } from '../../identity/outside.ts';
import { reservedIdentities } from '../../identity/well-known.ts';
import { parseLabel } from '../../labels/label.ts';
import { parsePolicies } from '../../rules/parse.ts';

export const HOST = 1;
export const WORLD = 9;
export const FRONTEND = 300;
export const BATCH = 301;
export const BACKEND = 302;
export const DATABASE = 303;
export const OFFICE = 1 << 24;

const endpoint = (id: number, app: string, role: string): Identity => ({
  id,
  labels: [`app=${app}`, `role=${role}`].map((label) => parseLabel(label, 'k8s')),
  namedPorts: app === 'backend' ? [{ name: 'http', protocol: 'TCP', port: 8080 }] : [],
});

const identities: readonly Identity[] = [
  ...reservedIdentities(),
  endpoint(FRONTEND, 'frontend', 'web'),
  endpoint(BATCH, 'batch', 'jobs'),
  endpoint(BACKEND, 'backend', 'api'),
  endpoint(DATABASE, 'database', 'store'),
  { id: OFFICE, labels: cidrLabels('203.0.113.0/24', { worldByFamily: true }) },
];

/** The shop under policies; texts are called `1.yaml`, `2.yaml`, … */
export function shop(texts: readonly string[], options: RepositoryOptions = {}): PolicyRepository {
  const repository = new PolicyRepository(options);
  for (const identity of identities) repository.setIdentity(identity);
  texts.forEach((text, index) => {
    const { rules, cidrGroups } = parsePolicies(text, { file: `${index + 1}.yaml` });
    for (const group of cidrGroups) repository.setCidrGroup(group);
    repository.add(rules);
  });
  return repository;
}

/** A bare rule in YAML: its name, the `app` that it is about, and what it says. */
export const rule = (name: string, app: string, body: string): string =>
  `labels: ["name=${name}"]\nendpointSelector: { matchLabels: { app: ${app} } }\n${body}`;
