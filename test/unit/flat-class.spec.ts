import { describe, expect, test } from '@jest/globals';
import { type ClassConstructor, Expose, plainToInstance, Type } from 'class-transformer';
import { getMetadataStorage, IsString, ValidateNested, validateSync } from 'class-validator';
import '../../src/app.module.js';
import { readFlat } from '../../src/http/flat-class.js';

/** Every class with rules that the service has, for bodies, queries and answers of WeChat. */
const classes = [...rulesByClass().keys()].filter((type) => typeof type === 'function');

const VALUES: readonly unknown[] = [
  ...[undefined, null, '', ' ', 'a', 'A-b_9', '0', '7', 7, 0, -1, 1.5, 2 ** 53, true, false, NaN],
  ...['x'.repeat(43), 'x'.repeat(64), 'f'.repeat(64), 'x'.repeat(300), 'x'.repeat(3_000), 'ü\u0000\ud800'],
  ...['wx5a4db0c0de000001', '081iIL0000b2GL14bY100yLB0z2iIL0E', 'AAAAAAAAAAAAAAAAAAAAAA==', 'en', 'zh-CN zh'],
  ...['http://localhost:3000/login', '0190a6f0-7c4b-7e7a-8000-000000000001', '2026-11-30T00:00:00.000Z'],
  ...['013800138000', '+8613800138000', 'user.created', 'admin', 'mini_program', 'website'],
  ...[[], ['a'], {}, { a: 1 }, [null], { length: 1 }],
];

describe('a class is read from a plain object', () => {
  test.each(classes.map((type) => [type.name, type] as const))(
    'as by class-transformer and class-validator: %s',
    (_, type) => {
      const names = namesOf(type);
      const fitting = new Map(names.map((name) => [name, VALUES.filter((value) => fits(type, name, value))]));
      const random = generator(names.join().length + 1);
      for (let turn = 0; turn < 300; turn++) {
        const plain = JSON.parse('{"__proto__":{"a":1},"constructor":1,"unknown":"x","toString":1}') as Plain;
        for (const name of names) {
          const pool = random() < 0.9 ? (fitting.get(name) ?? []) : VALUES;
          if (random() < 0.9 && pool.length > 0) plain[name] = pool[Math.floor(random() * pool.length)];
        }
        const read = readFlat(type, plain);
        const byLibraries = libraries(type, plain);
        if (read !== null) {
          expect(read).toStrictEqual(byLibraries);
        } else if (byLibraries !== null && isFlat(type)) {
          expect(names.map((name) => plain[name])).toContainEqual(expect.any(Object));
        }
      }
    },
  );

  test('that is no object of JSON or of a query: never', () => {
    class Named {
      @IsString()
      name!: string;
    }
    expect(readFlat(Named, { name: 'x', more: 1 })).toStrictEqual(Object.assign(new Named(), { name: 'x' }));
    expect(readFlat(Named, Object.assign(Object.create(null) as object, { name: 'x' }))?.name).toBe('x');
    for (const value of [
      undefined,
      null,
      'x',
      1,
      ['x'],
      Buffer.from('x'),
      new Date(),
      new Map(),
      new Named(),
    ])
      expect(readFlat(Named, value)).toBeNull();
    expect(readFlat(Named, Object.create({ name: 'inherited' }))).toBeNull();
  });

  test('with members of another class, other names or accessors: never', () => {
    class Inner {
      @IsString()
      name!: string;
    }
    class Outer {
      @ValidateNested()
      @Type(() => Inner)
      inner?: Inner;
    }
    class Renamed {
      @Expose({ name: 'n' })
      @IsString()
      name!: string;
    }
    class Computed {
      @IsString()
      get name(): string {
        return this.constructor.name;
      }
    }
    expect(readFlat(Outer, {})).toBeNull();
    expect(readFlat(Renamed, { name: 'x' })).toBeNull();
    expect(readFlat(Computed, { name: 'x' })).toBeNull();
    expect(readFlat(Object, {})).toBeNull();
  });

  test('of the hot paths: always without the libraries', () => {
    const hot = [
      'AppCodeRequest',
      'RedeemRequest',
      'AuthorizeRequest',
      'CodeToSessionReply',
      'OAuth2AccessTokenReply',
    ];
    expect(classes.filter(isFlat).map(({ name }) => name)).toEqual(expect.arrayContaining(hot));
  });
});

type Plain = Record<string, unknown>;
type AnyClass = ClassConstructor<object>;

function rulesByClass(): Map<AnyClass, readonly { readonly propertyName: string }[]> {
  return (getMetadataStorage() as unknown as { validationMetadatas: ReturnType<typeof rulesByClass> })
    .validationMetadatas;
}

function namesOf(type: AnyClass): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

/** The instance that the libraries make; `null` where they find a fault. */
function libraries(type: AnyClass, plain: Plain): object | null {
  const instance = plainToInstance(type, plain);
  return validateSync(instance, { whitelist: true, forbidUnknownValues: true }).length === 0
    ? instance
    : null;
}

/** Whether the libraries find no fault in this member. */
function fits(type: AnyClass, name: string, value: unknown): boolean {
  const instance = plainToInstance(type, { [name]: value });
  return !validateSync(instance).some(({ property }) => property === name);
}

/** Whether a class is ever read without the libraries. */
function isFlat(type: AnyClass): boolean {
  const plain = Object.fromEntries(
    namesOf(type).map((name) => {
      const value = VALUES.find(
        (each) => (typeof each !== 'object' || each === null) && fits(type, name, each),
      );
      return [name, value];
    }),
  );
  return readFlat(type, plain) !== null;
}

/** Random numbers in [0, 1), the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
