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

  /** Refuses what stands at a path; where that is not in this file, what surrounds it. */
  invalid(path: string, message: string, cause?: unknown): never {
    let known = path;
    while (known !== '' && !this.#offsets.has(known)) known = known.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, '');
    this.invalidAt(this.#offsets.get(known), path === '' ? message : `${path}: ${message}`, cause);
  }

  /** Refuses what begins at an offset of the text. */
  invalidAt(offset: number | undefined, message: string, cause?: unknown): never {
    const position = offset === undefined ? '' : `:${this.#position(offset)}`;
    fail('ERR_GPUPROBE_SCENARIO_INVALID', `${this.#name}${position}: ${message}`, cause);
  }

  /** `line:column`, both from 1, as editors count them. */
  #position(offset: number): string {
    const before = this.#text.slice(0, offset).split('\n');
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  }
}
