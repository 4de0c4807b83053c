import { SetMetadata } from '@nestjs/common';

export const WITHOUT_DATABASE = 'without-database';

/** Marks routes that answer before the database is open, because they report the progress of the start. */
export const WithoutDatabase = () => SetMetadata(WITHOUT_DATABASE, true);
