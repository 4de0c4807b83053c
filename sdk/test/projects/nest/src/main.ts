import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { WeChatAuthGuard, WeChatAuthModule } from '@wechat-auth/node/nest';
import { OrdersController } from './orders.controller';

@Module({
  imports: [WeChatAuthModule.forRoot({ issuer: process.env.AUTH_URL ?? '' })],
  controllers: [OrdersController],
  providers: [{ provide: APP_GUARD, useExisting: WeChatAuthGuard }],
})
class AppModule {}

async function bootstrap(): Promise<void> {
  const app = await NestFactory.create(AppModule, new ExpressAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  console.log(JSON.stringify({ nest: `${await app.getUrl()}/orders` }));
}
void bootstrap();
