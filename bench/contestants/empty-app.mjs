/**
 * The least that a service of the same kind starts with: Nest on Fastify, TypeORM with one entity, and one route. Its
 * packages are those of the service.
 *
 *   node bench/contestants/empty-app.mjs   (PORT, DATABASE_URL)
 */
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import { EntitySchema } from 'typeorm';

const Thing = new EntitySchema({
  name: 'Thing',
  tableName: 'things',
  columns: {
    id: { type: 'int', primary: true, generated: true },
    name: { type: 'varchar', length: 64 },
  },
});

class ThingsController {
  constructor(things) {
    this.things = things;
  }

  async count() {
    return { count: await this.things.count() };
  }
}
// Decorators, called as functions: nothing compiles this file.
InjectRepository(Thing)(ThingsController, undefined, 0);
Controller()(ThingsController);
const { prototype } = ThingsController;
Get('things')(prototype, 'count', Object.getOwnPropertyDescriptor(prototype, 'count'));

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'mysql',
      url: process.env.DATABASE_URL,
      entities: [Thing],
      synchronize: true,
    }),
    TypeOrmModule.forFeature([Thing]),
  ],
  controllers: [ThingsController],
})(AppModule);

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false });
process.once('SIGTERM', () => process.exit(0));
await app.listen(Number(process.env.PORT), '127.0.0.1');
