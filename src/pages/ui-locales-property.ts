import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import { MayBeNull } from '../http/validation.js';

/** `ui_locales` of a query: tags of languages that are unknown, and whatever follows the first 255 characters, are ignored. */
export function UiLocalesProperty(
  description = 'Languages of the page by preference, as BCP 47 tags with spaces between them: `zh-Hant en`. They precede the choice of the person and Accept-Language.',
): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ type: String, required: false, description, example: 'zh-Hant' }),
    MayBeNull(),
    IsString(),
  );
}
