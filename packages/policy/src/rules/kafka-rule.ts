/** Rules for requests to Kafka. */
import type { Part } from '../documents/part.ts';
import type { KafkaRule } from './l7.ts';

/** The kinds of requests, by their names in the protocol; the number of each is its index. */
export const KAFKA_API_KEYS: readonly string[] = (
  'produce fetch offsets metadata leaderandisr stopreplica updatemetadata controlledshutdown offsetcommit offsetfetch ' +
  'findcoordinator joingroup heartbeat leavegroup syncgroup describegroups listgroups saslhandshake apiversions ' +
  'createtopics deletetopics deleterecords initproducerid offsetforleaderepoch addpartitionstotxn addoffsetstotxn endtxn ' +
  'writetxnmarkers txnoffsetcommit describeacls createacls deleteacls describeconfigs alterconfigs'
).split(' ');

const LAST_VERSION = 32767;
const LONGEST_TOPIC = 255;

/** `{ role | apiKey, apiVersion, clientID, topic }`; empty texts count as absent. */
export function readKafkaRule(part: Part): KafkaRule | undefined {
  const fields = part.fields(['role', 'apiKey', 'apiVersion', 'clientID', 'topic']);
  if (fields === undefined) return undefined;
  const role = readWord(fields.get('role'), ['produce', 'consume'] as const);
  const apiKey = readWord(fields.get('apiKey'), KAFKA_API_KEYS);
  if (role !== undefined && apiKey !== undefined) {
    fields
      .get('apiKey')
      ?.refuse('role and apiKey cannot be in one rule.', 'A role stands for several kinds of requests.');
  }
  const versionPart = fields.get('apiVersion');
  const apiVersion = versionPart?.text() || undefined;
  if (apiVersion !== undefined && !(/^\d{1,5}$/.test(apiVersion) && Number(apiVersion) <= LAST_VERSION)) {
    versionPart?.refuse(`${JSON.stringify(apiVersion)} is no version.`, `Allowed: "0" to "${LAST_VERSION}".`);
  }
  const clientID = fields.get('clientID')?.text() || undefined;
  const topicPart = fields.get('topic');
  const topic = topicPart?.text() || undefined;
  if (topic !== undefined && !(topic.length <= LONGEST_TOPIC && /^[a-zA-Z0-9._-]+$/.test(topic))) {
    topicPart?.refuse(
      `${JSON.stringify(topic)} is no topic.`,
      `Allowed: letters, digits, ".", "_" and "-", at most ${LONGEST_TOPIC}.`,
    );
  }
  return {
    ...(role !== undefined && { role }),
    ...(apiKey !== undefined && { apiKey }),
    ...(apiVersion !== undefined && { apiVersion }),
    ...(clientID !== undefined && { clientID }),
    ...(topic !== undefined && { topic }),
  };
}

/** One of some words, in whatever case. */
function readWord<Word extends string>(part: Part | undefined, words: readonly Word[]): Word | undefined {
  const text = part?.text();
  if (text === undefined || text === '') return undefined;
  const found = words.find((word) => word === text.toLowerCase());
  return found ?? part?.refuse(`${JSON.stringify(text)} is not known here.`, `Allowed: ${words.join(', ')}.`);
}
