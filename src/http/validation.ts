import { type ClassConstructor, plainToInstance, Transform } from 'class-transformer';
import { validateSync, type ValidationError, IsOptional, ValidateBy, ValidateIf } from 'class-validator';
import { AppError, type FieldError } from '../common/app-error.js';
import { readFlat } from './flat-class.js';
import { applyDecorators } from '@nestjs/common';
import { ApiHideProperty } from '@nestjs/swagger';

/** Flattens a tree of validation errors to one entry per fault, with the dotted path of the field. */
export function fieldErrors(errors: readonly ValidationError[], path = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = path ? `${path}.${error.property}` : error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...own, ...fieldErrors(error.children ?? [], field)];
  });
}

/**
 * Converts a plain value to an instance of a class with class-validator decorators and validates it. Unknown
 * members are dropped.
 * @returns the instance, or the faults
 */
export function check<T extends object>(type: ClassConstructor<T>, plain: unknown): T | FieldError[] {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    return [{ field: '', message: 'must be an object' }];
  }
  const flat = readFlat(type, plain);
  if (flat) return flat;
  const instance = plainToInstance(type, plain);
  const errors = validateSync(instance, { whitelist: true, forbidUnknownValues: true });
  return errors.length > 0 ? fieldErrors(errors) : instance;
}

/**
 * The same for input of a client where no pipe runs (guards run before pipes).
 * @throws AppError VALIDATION_FAILED
 */
export function validated<T extends object>(type: ClassConstructor<T>, plain: unknown): T {
  const result = check(type, plain);
  if (Array.isArray(result)) throw new AppError('VALIDATION_FAILED', { errors: result });
  return result;
}

/** An optional member. `null` counts as absent, because many clients send it. */
export function MayBeNull(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    Transform(({ value }: { value: unknown }) => (value === null ? undefined : value)),
  );
}

/**
 * Rejects a member under the name that WeChat or another service uses. If it were dropped like other unknown
 * members, the meaning would change: a code of one app would be used for the default app.
 * @param right the name in this API
 */
export function CalledElsewhere(right: string): PropertyDecorator {
  return applyDecorators(
    ApiHideProperty(),
    ValidateIf((_, value: unknown) => value !== undefined && value !== null),
    ValidateBy({
      name: 'calledElsewhere',
      validator: {
        validate: () => false,
        defaultMessage: (args) => `${args?.property ?? ''} is called ${right} here`,
      },
    }),
  );
}
