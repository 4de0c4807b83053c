import { SetMetadata } from '@nestjs/common';

/** Metadata key of a public route. */
export const PUBLIC = 'wechat-auth:public';

/** Opens a route to everybody. Every other route needs an access token. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);
