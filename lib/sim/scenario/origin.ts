import { type ErrorCode, GpuProbeError } from '../../errors.js';
import type { LocatedJson } from './read-json.js';

/** Refuses a scenario. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new GpuProbeError(code, message, cause === undefined ? undefined : { cause });
}

/** Where a scenario, or a part of one, was written down: what a refusal points at. */
export class Origin {
  readonly #name: string;
  readonly #text: string;
  readonly #offsets: LocatedJson['offsets'];
  /** What is wrong, by path: one thing for each place, the first that was noticed. */
  readonly #problems = new Map<string, { offset: number; message: string }>();

  /**
   * @param name the file, or what stands for one
   * @param text its text, which positions are counted in
   * @param offsets where its values begin
   */
  constructor(name: string, text = '', offsets: LocatedJson['offsets'] = new Map()) {
    this.#name = name;
    this.#text = text;
    this.#offsets = offsets;
  }

  /** Notes that what stands at a path is wrong; where that is not in this file, what surrounds it. */
  add(path: string, message: string): void {
    let known = path;
    while (known !== '' && !this.#offsets.has(known)) known = known.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, '');
    if (this.#problems.has(path)) return;
    const offset = this.#offsets.get(known);
    const whole = `${this.#prefix(offset)}${path === '' ? message : `${path}: ${message}`}`;
    this.#problems.set(path, { offset: offset ?? 0, message: whole });
  }

  /** Refuses with all that was noted, in the order of the file. */
  throwIfInvalid(): void {
    if (this.#problems.size > 0) this.#refuse();
  }

  #refuse(cause?: unknown): never {
    const sorted = [...this.#problems.values()].sort((one, other) => one.offset - other.offset);
    fail('ERR_GPUPROBE_SCENARIO_INVALID', sorted.map(({ message }) => message).join('\n'), cause);
  }

  /** Refuses what stands at a path, and all that was noted before. */
  invalid(path: string, message: string, cause?: unknown): never {
    this.add(path, message);
    this.#refuse(cause);
  }

  /** Refuses what begins at an offset of the text. */
  invalidAt(offset: number | undefined, message: string, cause?: unknown): never {
    fail('ERR_GPUPROBE_SCENARIO_INVALID', `${this.#prefix(offset)}${message}`, cause);
  }

  #prefix(offset: number | undefined): string {
    return `${this.#name}${offset === undefined ? '' : `:${this.#position(offset)}`}: `;
  }

  /** `line:column`, both from 1, as editors count them. */
  #position(offset: number): string {
    const before = this.#text.slice(0, offset).split('\n');
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  }
}
