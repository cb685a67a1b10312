/** Peers that somebody else has to resolve: services of Kubernetes (toServices) and groups of a cloud (toGroups). */
import type { Part } from '../documents/part.ts';
import type { CloudGroup, ServiceReference } from './rule.ts';
import type { Scope } from './scope.ts';
import { readSelector } from './selector-reader.ts';

/**
 * An item of toServices. It may have both a name and a selector: then it is two services.
 *
 * @param part - `{ k8sService: { serviceName, namespace }, k8sServiceSelector: { selector, namespace } }`
 * @param scope - Without a namespace, a service by name is one of the policy's own.
 */
export function readServices(part: Part, scope: Scope): ServiceReference[] {
  const fields = part.fields(['k8sService', 'k8sServiceSelector']);
  if (fields === undefined) return [];
  const named = fields.get('k8sService');
  const selected = fields.get('k8sServiceSelector');
  if (named === undefined && selected === undefined) {
    part.refuse('One of k8sService and k8sServiceSelector is needed.');
    return [];
  }
  const services = [named && readNamed(named, scope), selected && readSelected(selected)];
  return services.filter((service) => service !== undefined);
}

function readNamed(part: Part, scope: Scope): ServiceReference | undefined {
  const fields = part.fields(['serviceName', 'namespace']);
  const name = fields?.need('serviceName')?.word();
  const own = scope.kind === 'namespaced' ? scope.namespace : undefined;
  const namespace = fields?.get('namespace')?.word() ?? own;
  return name === undefined ? undefined : { name, ...(namespace !== undefined && { namespace }) };
}

function readSelected(part: Part): ServiceReference | undefined {
  const fields = part.fields(['selector', 'namespace']);
  const selectorPart = fields?.need('selector');
  const selector = selectorPart && readSelector(selectorPart);
  const namespace = fields?.get('namespace')?.word();
  return selector && { selector, ...(namespace !== undefined && { namespace }) };
}

/** An item of toGroups and fromGroups: `{ aws: { labels, securityGroupsIds, securityGroupsNames, region } }`. */
export function readGroup(part: Part): CloudGroup | undefined {
  const aws = part.fields(['aws'])?.need('aws');
  const fields = aws?.fields(['labels', 'securityGroupsIds', 'securityGroupsNames', 'region']);
  if (fields === undefined) return undefined;
  const labels = fields
    .get('labels')
    ?.entries()
    .flatMap(([key, value]) => {
      const text = value.text();
      return text === undefined ? [] : [[key, text] as const];
    });
  const ids = fields.get('securityGroupsIds')?.list((item) => item.word());
  const names = fields.get('securityGroupsNames')?.list((item) => item.word());
  const region = fields.get('region')?.word();
  return {
    aws: {
      ...(labels && { labels: Object.fromEntries(labels) }),
      ...(ids && { securityGroupsIds: ids }),
      ...(names && { securityGroupsNames: names }),
      ...(region !== undefined && { region }),
    },
  };
}
