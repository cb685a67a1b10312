/** What a proxy is to check on the ports of an entry of toPorts: `rules`, TLS, names of servers, a listener. */
import type { Fields, Part } from '../documents/part.ts';
import { readDnsRule } from './fqdn.ts';
import { readHttpRule } from './http-rule.ts';
import { readKafkaRule } from './kafka-rule.ts';
import type { GenericRule, L7Rules, ListenerReference, TlsContext } from './l7.ts';
import type { ElementContext } from './peers.ts';
import type { WrittenPort } from './ports.ts';
import { readSecret } from './secret.ts';

type L7Field = 'rules' | 'terminatingTLS' | 'originatingTLS' | 'serverNames' | 'listener';
type Protocols = Pick<L7Rules, 'parser' | 'http' | 'kafka' | 'dns' | 'generic'>;

/**
 * Reads the fields of layer 7.
 *
 * @param fields - Of an entry of toPorts.
 * @param ports - The ports of that entry.
 * @param withoutPorts - Whether none was written.
 * @param context - Of the element.
 * @returns Nothing when the traffic needs no proxy.
 */
export function readL7(
  fields: Fields<L7Field>,
  ports: readonly WrittenPort[],
  withoutPorts: boolean,
  context: ElementContext,
): L7Rules | undefined {
  const rulesPart = fields.get('rules');
  const rules = rulesPart && readRules(rulesPart);
  if (rulesPart !== undefined && rules !== undefined)
    checkRules(rulesPart, rules, ports, withoutPorts, context);

  const terminating = fields.get('terminatingTLS');
  const names = fields.get('serverNames');
  const serverNames = names?.list((item) => item.word());
  if (names !== undefined && rules !== undefined && terminating === undefined) {
    names.refuse(
      'serverNames with rules need terminatingTLS: the proxy cannot look into what stays encrypted.',
    );
  }
  const terminatingTls = terminating && readTls(terminating);
  const originating = fields.get('originatingTLS');
  const originatingTls = originating && readTls(originating);

  const listenerPart = fields.get('listener');
  const listener = listenerPart && readListener(listenerPart, context);
  if (listenerPart !== undefined && rules !== undefined) {
    listenerPart.refuse('A listener cannot be combined with rules.');
  }
  if (listenerPart !== undefined && context.direction === 'ingress') {
    listenerPart.refuse('A listener is for egress only.');
  }

  const tls =
    terminatingTls ?? originatingTls ?? (serverNames && serverNames.length > 0 ? serverNames : undefined);
  const parser = rules?.parser ?? (listener && 'listener') ?? (tls && 'tls');
  if (parser === undefined) return undefined;
  return {
    ...rules,
    parser,
    ...(serverNames && { serverNames }),
    ...(terminatingTls && { terminatingTls }),
    ...(originatingTls && { originatingTls }),
    ...(listener && { listener }),
  };
}

/** `{ http | kafka | dns | l7proto with l7 }`. */
function readRules(part: Part): Protocols | undefined {
  const fields = part.fields(['http', 'kafka', 'dns', 'l7proto', 'l7']);
  if (fields === undefined) return undefined;
  const found: Protocols[] = [];
  const http = fields.get('http')?.list(readHttpRule);
  if (http !== undefined) found.push({ parser: 'http', http });
  const kafka = fields.get('kafka')?.list(readKafkaRule);
  if (kafka !== undefined) found.push({ parser: 'kafka', kafka });
  const dns = fields.get('dns')?.items().flatMap(readDnsRule);
  if (dns !== undefined) found.push({ parser: 'dns', dns });
  const protocol = fields.get('l7proto');
  const parser = protocol?.word();
  const l7 = fields.get('l7');
  const generic = l7?.list(readGenericRule);
  if (l7 !== undefined && protocol === undefined)
    l7.refuse('l7 needs l7proto beside it, the name of the protocol.');
  if (parser !== undefined) found.push({ parser, ...(generic && { generic }) });
  const [first, second] = found;
  if (first !== undefined && second !== undefined) {
    part.refuse(`${first.parser} and ${second.parser} cannot be in one entry.`, 'One port has one protocol.');
  }
  return first;
}

/** Where rules of this protocol may be. */
function checkRules(
  part: Part,
  { parser, dns }: Protocols,
  ports: readonly WrittenPort[],
  withoutPorts: boolean,
  { direction, host }: ElementContext,
): void {
  if (dns !== undefined && direction === 'ingress') part.refuse('DNS rules are for egress only.');
  if (host && (dns === undefined || direction === 'ingress')) {
    part.refuse('A policy for nodes cannot have rules of layer 7, but DNS rules in egress.');
  }
  if (dns !== undefined && withoutPorts) part.refuse('DNS rules need a port beside them.', 'As port: "53".');
  for (const { part: port, protocol, port: number } of ports) {
    if (dns === undefined && protocol !== 'TCP') {
      port.refuse(`Rules of ${parser} are for TCP only, not for ${protocol}.`, 'Write protocol: TCP.');
    }
    if (typeof number === 'string') continue;
    if (number.first === 0) port.refuse('Rules of layer 7 need a port of their own, not all ports.');
    else if (dns !== undefined && number.last > number.first)
      port.refuse('DNS rules cannot have a range of ports.');
  }
}

function readGenericRule(part: Part): GenericRule | undefined {
  const entries = part.entries().flatMap(([key, value]) => {
    if (key === '') return part.refuse('A key must not be empty.') ?? [];
    const text = value.text();
    return text === undefined ? [] : [[key, text] as const];
  });
  return Object.fromEntries(entries);
}

function readTls(part: Part): TlsContext | undefined {
  const fields = part.fields(['secret', 'trustedCA', 'certificate', 'privateKey']);
  const secretPart = fields?.need('secret');
  const secret = secretPart && readSecret(secretPart);
  const trustedCA = fields?.get('trustedCA')?.word();
  const certificate = fields?.get('certificate')?.word();
  const privateKey = fields?.get('privateKey')?.word();
  return (
    secret && {
      secret,
      ...(trustedCA !== undefined && { trustedCA }),
      ...(certificate !== undefined && { certificate }),
      ...(privateKey !== undefined && { privateKey }),
    }
  );
}

function readListener(part: Part, { scope }: ElementContext): ListenerReference | undefined {
  const fields = part.fields(['envoyConfig', 'name', 'priority']);
  const config = fields?.need('envoyConfig')?.fields(['kind', 'name']);
  const kindPart = config?.get('kind');
  const own = scope.kind === 'clusterwide' ? 'CiliumClusterwideEnvoyConfig' : 'CiliumEnvoyConfig';
  const kind =
    kindPart === undefined ? own : kindPart.oneOf(['CiliumEnvoyConfig', 'CiliumClusterwideEnvoyConfig']);
  const configName = config?.need('name')?.word();
  const name = fields?.need('name')?.word();
  const priority = fields?.get('priority')?.integer(1, 100);
  if (kind === undefined || configName === undefined || name === undefined) return undefined;
  return { kind, config: configName, name, ...(priority !== undefined && { priority }) };
}
