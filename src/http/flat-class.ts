import { type ClassConstructor, TransformationType, type TransformFnParams } from 'class-transformer';
import { defaultMetadataStorage } from 'class-transformer/cjs/storage.js';
import { getMetadataStorage, type ValidationArguments, ValidationTypes } from 'class-validator';

/** A decorator of class-validator on a member. */
type Rule = ReturnType<ReturnType<typeof getMetadataStorage>['getTargetValidationMetadatas']>[number];
type Condition = (object: object, value: unknown) => boolean;
type ReadFlat<T> = (plain: Readonly<Record<string, unknown>>) => T | null;

/** The rules of one member, looked up once. */
interface Member {
  readonly name: string;
  readonly transforms: readonly ((params: TransformFnParams) => unknown)[];
  /** If one does not hold, the member is not checked. */
  readonly conditions: readonly Condition[];
  readonly constraints: readonly Constraint[];
}

interface Constraint {
  readonly rule: Rule;
  validate(value: unknown, args: ValidationArguments): unknown;
}

const readers = new Map<ClassConstructor<object>, ReadFlat<object> | null>();

/**
 * Reads a valid instance of a class from a plain object by the class's own decorators, which class-transformer and
 * class-validator would look up and sort anew for each object (docs/decisions/069-flat-classes.md). Members that the
 * class does not declare are dropped.
 * @returns `null` where the plain object is not valid, holds an object or an array in a declared member, or where the
 * class has rules for such members: those two libraries then decide, and say what is wrong
 */
export function readFlat<T extends object>(type: ClassConstructor<T>, plain: unknown): T | null {
  let read = readers.get(type);
  if (read === undefined) {
    read = compiled(type);
    readers.set(type, read);
  }
  return read && isPlain(plain) ? (read(plain) as T | null) : null;
}

/** @returns `null` for a class with a rule that needs the libraries */
function compiled<T extends object>(type: ClassConstructor<T>): ReadFlat<T> | null {
  if (changesKeys(type)) return null;
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  const members: Member[] = [];
  for (const name of new Set(rules.map(({ propertyName }) => propertyName))) {
    const ofMember = rules.filter(({ propertyName }) => propertyName === name);
    const member = memberOf(type, name, ofMember);
    if (!member) return null;
    members.push(member);
  }
  return members.length === 0 ? null : (plain) => read(type, members, plain);
}

function read<T extends object>(
  type: ClassConstructor<T>,
  members: readonly Member[],
  plain: Readonly<Record<string, unknown>>,
): T | null {
  const instance = new type();
  const values = instance as Record<string, unknown>;
  for (const { name, transforms } of members) {
    if (!Object.hasOwn(plain, name)) continue;
    let value = plain[name];
    for (const transform of transforms) {
      value = transform({
        value,
        key: name,
        obj: plain,
        type: TransformationType.PLAIN_TO_CLASS,
        options: {},
      });
    }
    if (typeof value === 'object' && value !== null) return null;
    values[name] = value;
  }
  return members.every((member) => isValid(member, type.name, values)) ? instance : null;
}

function isValid({ name, conditions, constraints }: Member, targetName: string, object: Values): boolean {
  const value = object[name];
  for (const condition of conditions) if (!condition(object, value)) return true;
  for (const constraint of constraints) {
    const { rule } = constraint;
    if (rule.validateIf && !rule.validateIf(object, value)) continue;
    const args = { targetName, property: name, object, value, constraints: rule.constraints };
    if (constraint.validate(value, args) !== true) return false;
  }
  return true;
}

type Values = Readonly<Record<string, unknown>>;

function memberOf(type: ClassConstructor<object>, name: string, rules: readonly Rule[]): Member | null {
  // An accessor or a method of the class: class-transformer has a rule for those.
  if (name in type.prototype) return null;
  const declaredType: unknown = defaultMetadataStorage.findTypeMetadata(type, name);
  if (declaredType !== undefined) return null;
  const conditions: Condition[] = [];
  const constraints: Constraint[] = [];
  for (const rule of rules) {
    if (rule.type === ValidationTypes.CONDITIONAL_VALIDATION) {
      conditions.push(rule.constraints[0] as Condition);
    } else if (rule.type === ValidationTypes.CUSTOM_VALIDATION) {
      for (const { async, instance } of getMetadataStorage().getTargetValidatorConstraints(
        rule.constraintCls,
      )) {
        if (async) return null;
        constraints.push({ rule, validate: (value, args) => instance.validate(value, args) });
      }
    } else if (rule.type !== ValidationTypes.WHITELIST) {
      return null;
    }
  }
  const transforms = defaultMetadataStorage
    .findTransformMetadatas(type, name, TransformationType.PLAIN_TO_CLASS)
    .filter(({ options }) => !options.groups?.length)
    .map(({ transformFn }) => transformFn);
  return { name, transforms, conditions, constraints };
}

/** Whether class-transformer exposes or excludes members of a class. */
function changesKeys(type: ClassConstructor<object>): boolean {
  const { PLAIN_TO_CLASS } = TransformationType;
  return (
    defaultMetadataStorage.getStrategy(type) !== 'none' ||
    defaultMetadataStorage.getExposedProperties(type, PLAIN_TO_CLASS).length > 0 ||
    defaultMetadataStorage.getExcludedProperties(type, PLAIN_TO_CLASS).length > 0
  );
}

/** Whether it is an object of JSON, or of a parser of queries, whose prototypes have no parent. */
function isPlain(value: unknown): value is Values {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
