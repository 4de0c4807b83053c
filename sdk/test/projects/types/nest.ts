import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import {
  Claims,
  CurrentUser,
  OptionalLogin,
  Public,
  WeChatAuthGuard,
  WeChatAuthModule,
} from '@wechat-auth/node/nest';

@Controller('orders')
@UseGuards(WeChatAuthGuard)
export class OrdersController {
  @Get()
  list(@CurrentUser() user: Claims, @CurrentUser('sub') owner: string): string[] {
    return [user.sub, owner];
  }

  @Get('count')
  @Public()
  count(): number {
    return 0;
  }

  @Get('hints')
  @OptionalLogin()
  hints(@CurrentUser() user: Claims | undefined): string {
    return user?.sid ?? '';
  }
}

const issuer = 'https://auth.example.com';

@Module({ imports: [WeChatAuthModule.forRoot({ issuer })], controllers: [OrdersController] })
export class OrdersModule {}

@Module({
  imports: [
    WeChatAuthModule.forRootAsync({ inject: ['ISSUER'], useFactory: (url: string) => ({ issuer: url }) }),
  ],
})
export class OtherModule {}

// @ts-expect-error: the issuer is missing
WeChatAuthModule.forRoot({});
