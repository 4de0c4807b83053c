import { applyDecorators } from '@nestjs/common';
import { ApiHideProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';

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
