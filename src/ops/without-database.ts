import { SetMetadata } from '@nestjs/common';

export const WITHOUT_DATABASE = 'without-database';

/** Routes that answer before the database has been reached for the first time: those that tell how the start goes. */
export const WithoutDatabase = () => SetMetadata(WITHOUT_DATABASE, true);
