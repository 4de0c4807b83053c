import { type ClassConstructor, plainToInstance, Transform } from 'class-transformer';
import { validateSync, type ValidationError, IsOptional, ValidateBy, ValidateIf } from 'class-validator';
import { AppError, type FieldError } from '../common/app-error.js';
import { applyDecorators } from '@nestjs/common';
import { ApiHideProperty } from '@nestjs/swagger';

/** Every fault in a tree of validation errors, one line each, with the dotted path of its field. */
export function fieldErrors(errors: readonly ValidationError[], path = ''): FieldError[] {
  return errors.flatMap((error) => {
    const field = path ? `${path}.${error.property}` : error.property;
    const own = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...own, ...fieldErrors(error.children ?? [], field)];
  });
}

/**
 * A plain value as a checked instance of a class with class-validator decorators; unknown members are dropped.
 * @returns the instance, or the faults
 */
export function check<T extends object>(type: ClassConstructor<T>, plain: unknown): T | FieldError[] {
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) {
    return [{ field: '', message: 'must be an object' }];
  }
  const instance = plainToInstance(type, plain);
  const errors = validateSync(instance, { whitelist: true, forbidUnknownValues: true });
  return errors.length > 0 ? fieldErrors(errors) : instance;
}

/**
 * The same for what a client sent, where no pipe runs (guards run before pipes).
 * @throws AppError VALIDATION_FAILED
 */
export function validated<T extends object>(type: ClassConstructor<T>, plain: unknown): T {
  const result = check(type, plain);
  if (Array.isArray(result)) throw new AppError('VALIDATION_FAILED', { errors: result });
  return result;
}

/** A member of a request that may be absent; `null`, which many clients send for that, means the same. */
export function MayBeNull(): PropertyDecorator {
  return applyDecorators(
    IsOptional(),
    Transform(({ value }: { value: unknown }) => (value === null ? undefined : value)),
  );
}

/**
 * A member as WeChat or another service spells it. Dropped like any unknown member it would change what is meant: a
 * code of one app would be taken for one of the default app.
 * @param right how it is called here
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
