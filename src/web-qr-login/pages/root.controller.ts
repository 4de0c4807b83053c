import { Controller, Get, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../../http/problem-docs.js';
import { Public } from '../../http/public.js';
import { AppConfig } from '../../config/app-config.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';

/** The root of the service, for browsers. */
@ApiTags('website')
@Controller()
@Public()
@RateLimit('login-page')
export class RootController {
  constructor(private readonly config: AppConfig) {}

  /** Redirects to the login page. */
  @Get()
  @ApiOperation({
    summary: 'To the login page',
    description: 'A browser that opens the address of the service is sent to the login page.',
    operationId: 'root',
  })
  @ApiResponse({ status: 302, description: 'To /login.' })
  @ApiProblems({})
  async show(@Res() reply: FastifyReply): Promise<void> {
    await reply.redirect(`${this.config.publicUrl}/login`, 302);
  }
}
