/** Thrown where a text stops being valid JSON; the message says what was expected. */
export class NotJson extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** A JSON text's value, and the offset of each value in it by path: `devices[0].memory.usedBytes`. */
export interface LocatedJson {
  value: unknown;
  offsets: ReadonlyMap<string, number>;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const MOST_LEVELS = 100;

/**
 * Reads JSON and records all positions. JSON.parse does not report them, so mistakes in a long file could not
 * be located; and it silently takes the last of two fields with the same name.
 */
class Reader {
  readonly offsets = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    const value = this.#value('', 0);
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail('expected the end of the file');
    return value;
  }

  #fail(message: string): never {
    throw new NotJson(message, this.#at);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  /** Reads one of these characters, after any space. */
  #take(...allowed: string[]): string {
    this.#skipSpace();
    const character = this.#text[this.#at] ?? '';
    if (!allowed.includes(character)) {
      this.#fail(`expected ${allowed.map((one) => `"${one}"`).join(' or ')}`);
    }
    this.#at++;
    return character;
  }

  #value(path: string, level: number): unknown {
    this.#skipSpace();
    this.offsets.set(path, this.#at);
    if (level > MOST_LEVELS) this.#fail('nested too deeply');
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(path, level);
    if (first === '[') return this.#list(path, level);
    if (first === '"') return this.#string('a text');
    const plain = this.#match(WORD) ?? this.#match(NUMBER);
    if (plain === undefined) this.#fail('expected a value');
    return JSON.parse(plain);
  }

  #string(what: string): string {
    const text = this.#match(STRING);
    return text === undefined
      ? this.#fail(`expected ${what} in double quotes, closed on its line`)
      : JSON.parse(text);
  }

  #object(path: string, level: number): unknown {
    const fields = new Map<string, unknown>();
    this.#take('{');
    this.#skipSpace();
    if (this.#text[this.#at] === '}') this.#at++;
    else {
      do {
        this.#skipSpace();
        const nameAt = this.#at;
        const name = this.#string('a field name');
        if (fields.has(name)) throw new NotJson(`the field "${name}" stands here twice`, nameAt);
        this.#take(':');
        fields.set(name, this.#value(path === '' ? name : `${path}.${name}`, level + 1));
      } while (this.#take(',', '}') === ',');
    }
    return Object.fromEntries(fields);
  }

  #list(path: string, level: number): unknown[] {
    const elements: unknown[] = [];
    this.#take('[');
    this.#skipSpace();
    if (this.#text[this.#at] === ']') this.#at++;
    else {
      do {
        elements.push(this.#value(`${path}[${elements.length}]`, level + 1));
      } while (this.#take(',', ']') === ',');
    }
    return elements;
  }
}

/**
 * Reads a JSON text.
 * @throws NotJson
 */
export function readJson(text: string): LocatedJson {
  const reader = new Reader(text);
  return { value: reader.document(), offsets: reader.offsets };
}
