/** What the programs of the datapath tell: as users say it, and as programs are loaded with it. */
import { u8, u16, u32, WaggleError } from '@waggle/bpf';
import { Aggregation, MAX_SNAP } from '../event.bpf.ts';

/** How much is told of packets that pass; see {@link Aggregation}. */
export type AggregationLevel = 'off' | 'none' | 'low' | 'medium' | 'maximum';

export interface MonitoringOptions {
  /** `medium` by default. */
  readonly aggregation?: AggregationLevel;
  /** With `medium`: seconds after which a connection is told of again, each way; 5 by default. */
  readonly interval?: number;
  /** Whether drops are told; they are by default. */
  readonly drops?: boolean;
  /** Whether verdicts about new connections are told; they are by default. */
  readonly verdicts?: boolean;
  /** How many bytes of each packet come along: 0 to 128, which is the default. */
  readonly snapLength?: number;
  /** Drops and denials that each CPU tells in a second; 5,000 by default. */
  readonly dropRate?: number;
  /** Other events that each CPU tells in a second; 50,000 by default. */
  readonly rate?: number;
}

const LEVELS: Readonly<Record<AggregationLevel, number>> = {
  off: Aggregation.Off,
  none: Aggregation.None,
  low: Aggregation.Low,
  medium: Aggregation.Medium,
  maximum: Aggregation.Maximum,
};

/**
 * The values of the config `monitoring` of event.bpf.ts.
 * @throws WaggleError INVALID for a value that is not allowed.
 */
export function monitoringConfig(options: MonitoringOptions = {}) {
  const { aggregation = 'medium', interval = 5, drops = true, verdicts = true } = options;
  const { snapLength = MAX_SNAP, dropRate = 5000, rate = 50_000 } = options;
  checkRange('interval', interval, 1, 0xffff);
  checkRange('snapLength', snapLength, 0, MAX_SNAP);
  checkRange('dropRate', dropRate, 0, 0xffff_ffff);
  checkRange('rate', rate, 0, 0xffff_ffff);
  if (!Object.hasOwn(LEVELS, aggregation)) {
    throw new WaggleError('INVALID', `there is no aggregation "${aggregation}"`, {
      hint: `Use one of ${Object.keys(LEVELS).join(', ')}`,
    });
  }
  return {
    aggregation: u8(LEVELS[aggregation]),
    interval: u16(interval),
    drops,
    verdicts,
    snapLength: u8(snapLength),
    dropRate: u32(dropRate),
    rate: u32(rate),
  };
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new WaggleError('INVALID', `monitoring: ${name} cannot be ${value}`, {
    hint: `It is a whole number from ${least} to ${most}`,
  });
}
