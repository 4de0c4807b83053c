import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString, MaxLength } from 'class-validator';
import { CalledElsewhere, MayBeNull } from './validation.js';

/**
 * An optional appid in a request. The spellings `appid` and `app_id` are refused: ignored, they would silently
 * select the default app.
 */
export function AppIdProperty(description: string, example?: string): PropertyDecorator {
  return (target, property) => {
    applyDecorators(
      ApiProperty({ required: false, description, ...(example === undefined ? {} : { example }) }),
      MayBeNull(),
      IsString(),
      MaxLength(64),
    )(target, property);
    for (const spelling of ['appid', 'app_id']) CalledElsewhere(String(property))(target, spelling);
  };
}
