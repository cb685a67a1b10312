/** Bare rules, from their fields. */
import assert from 'node:assert/strict';
import { parsePolicies } from '../parse.ts';
import type { Direction, Rule, RuleElement } from '../rule.ts';

/** The rule of a bare rule's fields. */
export function rule(fields: Record<string, unknown>): Rule {
  const [parsed] = parsePolicies(JSON.stringify({ endpointSelector: {}, ...fields })).rules;
  assert.ok(parsed);
  return parsed;
}

/** The only element of a rule. */
export function element(direction: Direction, fields: Record<string, unknown>): RuleElement {
  const [parsed] = rule({ [direction]: [fields] })[direction]?.elements ?? [];
  assert.ok(parsed);
  return parsed;
}

/** An element of ingress. */
export const ingress = (fields: Record<string, unknown>): RuleElement => element('ingress', fields);
/** An element of egress. */
export const egress = (fields: Record<string, unknown>): RuleElement => element('egress', fields);
