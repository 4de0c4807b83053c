import { Controller, Get } from '@nestjs/common';
import { Claims, CurrentUser, Public } from '@wechat-auth/node/nest';

@Controller('orders')
export class OrdersController {
  @Get()
  list(@CurrentUser() user: Claims): { owner: string } {
    return { owner: user.sub };
  }

  @Get('count')
  @Public()
  count(): { count: number } {
    return { count: 0 };
  }
}
