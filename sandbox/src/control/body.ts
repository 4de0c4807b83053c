/** An error of the control API: `{ error }` with this status. */
export class ControlError extends Error {
  constructor(
    readonly statusCode: 400 | 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

/** The fields of a JSON body, read one by one. A field of the wrong type throws a ControlError 400. */
export class Fields {
  private readonly values: Readonly<Record<string, unknown>>;

  /** Accepts an object; an absent body counts as `{}`. */
  constructor(body: unknown) {
    if (body !== undefined && body !== null && (typeof body !== 'object' || Array.isArray(body))) {
      throw new ControlError(400, 'The body must be a JSON object.');
    }
    this.values = (body ?? {}) as Record<string, unknown>;
  }

  /** Refuses unknown fields, so that a misspelt one is noticed. */
  only(...names: string[]): this {
    const stray = Object.keys(this.values).find((name) => !names.includes(name));
    if (stray !== undefined) {
      throw new ControlError(400, `"${stray.slice(0, 40)}" is unknown here; known: ${names.join(', ')}.`);
    }
    return this;
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  text(name: string, most = 2000): string | undefined {
    const value = this.values[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw new ControlError(400, `"${name}" must be a string.`);
    if (value.length > most) throw new ControlError(400, `"${name}" has more than ${most} characters.`);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (!value) throw new ControlError(400, `"${name}" is missing.`);
    return value;
  }

  flag(name: string): boolean | undefined {
    const value = this.values[name];
    if (value !== undefined && typeof value !== 'boolean') {
      throw new ControlError(400, `"${name}" must be true or false.`);
    }
    return value;
  }

  number(name: string, least = -Infinity): number | undefined {
    const value = this.values[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < least) {
      throw new ControlError(400, `"${name}" must be a number${least === -Infinity ? '' : ` ≥ ${least}`}.`);
    }
    return value;
  }

  integer(name: string, least?: number): number | undefined {
    const value = this.number(name, least);
    if (value !== undefined && !Number.isInteger(value)) {
      throw new ControlError(400, `"${name}" must be a whole number.`);
    }
    return value;
  }

  fields(name: string): Fields | undefined {
    return this.values[name] === undefined ? undefined : new Fields(this.values[name]);
  }

  texts(name: string): string[] | undefined {
    const value = this.values[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
      throw new ControlError(400, `"${name}" must be a list of strings.`);
    }
    return value;
  }

  /** One of the given words. */
  oneOf<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const word = words.find((each) => each === value);
    if (word === undefined) throw new ControlError(400, `"${name}" must be one of ${words.join(', ')}.`);
    return word;
  }

  isText(name: string): boolean {
    return typeof this.values[name] === 'string';
  }

  /** An object with any members. */
  object(name: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.values[name];
    if (value === undefined) return undefined;
    if (!isObject(value)) throw new ControlError(400, `"${name}" must be an object.`);
    return value;
  }

  /** A list of objects with any members. */
  objects(name: string): Readonly<Record<string, unknown>>[] | undefined {
    const value = this.values[name];
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || !value.every(isObject)) {
      throw new ControlError(400, `"${name}" must be a list of objects.`);
    }
    return value;
  }

  names(): string[] {
    return Object.keys(this.values);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
