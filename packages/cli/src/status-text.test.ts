import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusResponse } from '@waggle/agent/client';
import { styleFor } from './output.ts';
import { briefText, statusText } from './status-text.ts';
import { NOW, wellStatus } from './testing/answers.ts';

const style = styleFor({ columns: 80 }, { LANG: 'C' });
const text = (status: StatusResponse, verbose = false) =>
  statusText(status, { verbose, maps: [], now: NOW, style });

const illStatus: StatusResponse = {
  ...wellStatus,
  cilium: { state: 'Warning', msg: 'Controllers: write-policies: the map policies is full' },
  controllers: [
    ...(wellStatus.controllers ?? []),
    {
      name: 'write-policies',
      status: {
        'success-count': 3,
        'failure-count': 4,
        'consecutive-failure-count': 2,
        'last-failure-timestamp': '2026-03-01T11:58:55Z',
        'last-failure-msg': 'the map policies is full',
      },
    },
  ],
  waggle: {
    version: '0.1.0',
    'node-name': 'lab',
    started: '2026-03-01T11:59:00Z',
    pid: 4711,
    sections: [
      { name: 'Datapath', state: 'Ok', message: '2 endpoints' },
      {
        name: 'Controllers',
        state: 'Failure',
        message: 'write-policies: the map policies is full: 16384 of 16384 entries are taken by others',
      },
    ],
  },
};

describe('the status', () => {
  test('has a line for each part', () => {
    assert.equal(
      text(wellStatus),
      `+ waggle 0.1.0 on lab: all is well
  process 4711, running for 2 h 5 min

  + Datapath      2 endpoints, generation 9
  - Masquerading  off
`,
    );
  });

  test('marks what is not well, and says why', () => {
    assert.equal(
      text(illStatus),
      `! waggle 0.1.0 on lab: not all is well
  process 4711, running for 1 min

  + Datapath     2 endpoints
  x Controllers  write-policies: the map policies is full: 16384 of 16384
                 entries are taken by others
`,
    );
  });

  test('has controllers and addresses where that is asked for', () => {
    const verbose = text(illStatus, true);
    assert.ok(verbose.startsWith(text(illStatus)));
    assert.equal(
      verbose.slice(text(illStatus).length),
      `
CONTROLLER           SUCCESSES  FAILURES  LAST SUCCESS  LAST FAILURE  IN A ROW  WHY
collect-connections         12         0  3 s ago       never                0  -
write-policies               3         4  never         1 min 5              2  the map
                                                        s ago                   policies
                                                                                is full

ADDRESS   OWNER
10.1.0.1  router
10.1.0.2  endpoint web
`,
    );
  });

  test('is one word, or what is wrong', () => {
    assert.equal(briefText(wellStatus), 'OK\n');
    assert.equal(briefText(illStatus), 'Warning: Controllers: write-policies: the map policies is full\n');
    assert.equal(briefText({}), 'Failure: the agent says nothing of itself\n');
  });
});
