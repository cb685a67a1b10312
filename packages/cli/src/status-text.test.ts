import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusResponse } from '@waggle/agent/client';
import { styleFor } from './output.ts';
import { briefText, statusText } from './status-text.ts';
import { NOW, wellStatus } from './testing/answers.ts';

const style = styleFor({ columns: 80 }, { LANG: 'C' });
const text = (status: StatusResponse, verbose = false) => statusText(status, { verbose, now: NOW, style });

const illStatus: StatusResponse = {
  ...wellStatus,
  cilium: { state: 'Warning', msg: '1 controller fails' },
  controllers: [
    ...(wellStatus.controllers ?? []),
    {
      name: 'write-policies',
      status: {
        'success-count': 3,
        'failure-count': 4,
        'consecutive-failure-count': 2,
        'last-failure-timestamp': '2026-03-01T11:58:55Z',
        'last-failure-msg': 'the map policies is full: 16384 of 16384 entries are taken',
      },
    },
  ],
};

describe('the status', () => {
  test('has a line for each part', () => {
    assert.equal(
      text(wellStatus),
      `+ waggle 0.1.0 on lab: all is well
  process 4711, running for 2 h 5 min

  + Datapath      2 endpoints, generation 9
  - Masquerading  off
  + Controllers   1 controller, all healthy
`,
    );
  });

  test('says what fails, how often and why', () => {
    assert.equal(
      text(illStatus),
      `! waggle 0.1.0 on lab: 1 controller fails
  process 4711, running for 2 h 5 min

  + Datapath      2 endpoints, generation 9
  - Masquerading  off
  ! Controllers   2 controllers, 1 failing:
                  - write-policies failed 2 times in a row, last 1 min 5 s ago:
                    the map policies is full: 16384 of 16384 entries are taken
`,
    );
  });

  test('has all of what goes well where that is asked for', () => {
    const verbose = text(illStatus, true);
    assert.ok(verbose.startsWith(text(illStatus)));
    assert.equal(
      verbose.slice(text(illStatus).length),
      `
CONTROLLER           SUCCESSES  FAILURES  LAST SUCCESS  LAST FAILURE
collect-connections         12         0  3 s ago       never
write-policies               3         4  never         1 min 5 s ago

ADDRESS   OWNER
10.1.0.1  router
10.1.0.2  endpoint web
`,
    );
  });

  test('is one word, or what is wrong', () => {
    assert.equal(briefText(wellStatus), 'OK\n');
    assert.equal(briefText(illStatus), 'Warning: 1 controller fails\n');
    assert.equal(briefText({}), 'Failure: the agent says nothing of itself\n');
  });
});
