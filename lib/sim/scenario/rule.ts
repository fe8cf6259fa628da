/** The rule for a value in a scenario, and its documentation. */
export type Rule = {
  /** The field may be left out, and is then absent. */
  optional?: true;
  nullable?: true;
  /** Value if the field is left out. A nullable field without a default is null. */
  default?: unknown;
  /** Documentation for SCENARIO.md and editors, if the name is not enough. */
  doc?: string;
  /** The member of the simulator's C++ struct; `*_absent` for a nullable group. */
  member?: string;
  /** The name in the flat text, if it differs. */
  flat?: string;
  /** Factor in the flat text: seconds are milliseconds there. */
  scale?: number;
  /** Uses 64 bits in the simulator, although the range needs fewer. */
  wide?: true;
} & (
  | { type: 'text'; bytes: number; pattern?: RegExp; example?: string }
  | { type: 'integer'; min: number; max: number }
  | { type: 'number'; min: number; max: number }
  | { type: 'moment' }
  /** `name`: the C++ enum; not needed for two truth values. */
  | { type: 'choice'; values: readonly (string | boolean)[]; name?: string }
  | { type: 'function' }
  | { type: 'preset' }
  /** `partial`: fields may be left out, for changes. */
  | { type: 'object'; fields: Fields; partial?: true }
  /** `byPosition`: merged element by element; other lists are replaced as a whole. */
  | { type: 'list'; of: Rule; max: number; byPosition?: true }
);
export type Fields = Readonly<Record<string, Rule>>;

/** The type of a rule's value in a loaded scenario, where fields with a default are present. */
type Plain<R> = R extends { type: 'text' | 'function' | 'preset' }
  ? string
  : R extends { type: 'integer' | 'number' }
    ? number
    : R extends { type: 'moment' }
      ? number | string
      : R extends { type: 'choice'; values: readonly (infer V)[] }
        ? V
        : R extends { type: 'list'; of: infer E }
          ? Value<E>[]
          : R extends { partial: true }
            ? Changed<R>
            : R extends { fields: infer F }
              ? Infer<F>
              : never;
type OrNull<R> = R extends { nullable: true } ? null : never;
export type Value<R> = Plain<R> | OrNull<R>;
type Optional<F> = { [K in keyof F]: F[K] extends { optional: true } ? K : never }[keyof F];
export type Infer<F> = { -readonly [K in Exclude<keyof F, Optional<F>>]: Value<F[K]> } & {
  -readonly [K in Optional<F>]?: Value<F[K]>;
};
/** The type of a change of such a value. Missing fields stay the same. */
export type Changed<R> =
  | (R extends { fields: infer F }
      ? { -readonly [K in keyof F]?: Changed<F[K]> }
      : R extends { byPosition: true; of: infer E }
        ? Changed<E>[]
        : Plain<R>)
  | OrNull<R>;

export const text = (bytes: number) => ({ type: 'text', bytes }) as const;
export const integer = (max: number, min = 0) => ({ type: 'integer', min, max }) as const;
export const choice = <const V extends readonly (string | boolean)[]>(...values: V) =>
  ({ type: 'choice', values }) as const;
/** A choice that is a C++ enum with this name. */
export const named = <const V extends readonly (string | boolean)[]>(name: string, ...values: V) =>
  ({ type: 'choice', values, name }) as const;
export const object = <F extends Fields>(fields: F) => ({ type: 'object', fields }) as const;
export const list = <R extends Rule>(max: number, of: R) => ({ type: 'list', of, max }) as const;
export const optional = <R extends Rule>(rule: R) => ({ ...rule, optional: true }) as const;
export const nullable = <R extends Rule>(rule: R) => ({ ...rule, nullable: true }) as const;
export const byDefault = <R extends Rule>(value: unknown, rule: R): R => ({ ...rule, default: value });
export const about = <R extends Rule>(doc: string, rule: R): R => ({ ...rule, doc });
/** A field that the simulator keeps. */
export const kept = <R extends Rule>(member: string, rule: R, doc?: string): R =>
  doc === undefined ? { ...rule, member } : { ...rule, member, doc };

/** Returns true if the field may be left out of a file. */
export const mayBeLeftOut = (rule: Rule): boolean =>
  rule.optional === true || rule.nullable === true || rule.default !== undefined;
