/** The helpers that a machine has from the start, by number. */
import { controlHelpers } from './control.ts';
import { environmentHelpers } from './environment.ts';
import type { HelperFunction } from './helper.ts';
import { mapHelpers } from './map.ts';
import { outputHelpers } from './output.ts';
import { packetHelpers } from './packet.ts';
import { storageHelpers } from './storage.ts';
import { timerHelpers } from './timer.ts';
import { userRingHelpers } from './user-ring.ts';

export const standardHelpers: ReadonlyMap<number, HelperFunction> = new Map([
  ...mapHelpers,
  ...packetHelpers,
  ...outputHelpers,
  ...controlHelpers,
  ...environmentHelpers,
  ...timerHelpers,
  ...storageHelpers,
  ...userRingHelpers,
]);
