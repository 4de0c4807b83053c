import { SetMetadata } from '@nestjs/common';

/** Metadata key of a public route. */
export const PUBLIC = 'wechat-auth:public';

/** Makes a route public. Every other route requires an access token. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);
