import { type ErrorCode, GpuProbeError } from '../../errors.js';
import type { LocatedJson } from './read-json.js';

/** Throws the error for an invalid scenario. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new GpuProbeError(code, message, cause === undefined ? undefined : { cause });
}

/** The source text of a scenario or a part of one: error messages refer to it. */
export class Origin {
  readonly #name: string;
  readonly #text: string;
  readonly #offsets: LocatedJson['offsets'];
  /** Mistakes by path; only the first one at each path. */
  readonly #problems = new Map<string, { offset: number; message: string }>();

  /**
   * @param name the file, or a name for another source
   * @param text its text, in which positions are counted
   * @param offsets where its values begin
   */
  constructor(name: string, text = '', offsets: LocatedJson['offsets'] = new Map()) {
    this.#name = name;
    this.#text = text;
    this.#offsets = offsets;
  }

  /** Records a mistake at a path; if the path is not in this file, at what surrounds it. */
  add(path: string, message: string): void {
    let known = path;
    while (known !== '' && !this.#offsets.has(known)) known = known.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, '');
    if (this.#problems.has(path)) return;
    const offset = this.#offsets.get(known);
    const whole = `${this.#prefix(offset)}${path === '' ? message : `${path}: ${message}`}`;
    this.#problems.set(path, { offset: offset ?? 0, message: whole });
  }

  /** Throws with all recorded mistakes, in the order of the file. */
  throwIfInvalid(): void {
    if (this.#problems.size > 0) this.#refuse();
  }

  #refuse(cause?: unknown): never {
    const sorted = [...this.#problems.values()].sort((one, other) => one.offset - other.offset);
    fail('ERR_GPUPROBE_SCENARIO_INVALID', sorted.map(({ message }) => message).join('\n'), cause);
  }

  /** Throws with a mistake at a path and all recorded mistakes. */
  invalid(path: string, message: string, cause?: unknown): never {
    this.add(path, message);
    this.#refuse(cause);
  }

  /** Throws with a mistake at an offset of the text. */
  invalidAt(offset: number | undefined, message: string, cause?: unknown): never {
    fail('ERR_GPUPROBE_SCENARIO_INVALID', `${this.#prefix(offset)}${message}`, cause);
  }

  #prefix(offset: number | undefined): string {
    return `${this.#name}${offset === undefined ? '' : `:${this.#position(offset)}`}: `;
  }

  /** Returns `line:column`, both from 1, as in editors. */
  #position(offset: number): string {
    const before = this.#text.slice(0, offset).split('\n');
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  }
}
