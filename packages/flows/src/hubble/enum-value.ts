/** Numbers of an enum of messages: an enum's field may hold any number, also one that this version does not know. */

/** The number as a value of the enum, undefined where it is none of them. */
export const enumValue = <T extends number>(
  values: Readonly<Record<string, T>>,
  number: number | undefined,
): T | undefined => Object.values(values).find((value) => value === number);

/** What the value is called in the enum. */
export const enumName = (values: Readonly<Record<string, number>>, number: number): string | undefined =>
  Object.keys(values).find((name) => values[name] === number);
