import { Controller, Get, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiProblems } from '../http/problem-docs.js';
import { Public } from '../http/public.js';
import { MetricsGuard } from './metrics.guard.js';
import { WithoutDatabase } from './without-database.js';
import { PrometheusMetrics } from './prometheus-metrics.js';

/** Metrics of this instance for Prometheus. */
@ApiTags('running it')
@Controller('metrics')
@Public()
@WithoutDatabase()
export class MetricsController {
  constructor(private readonly metrics: PrometheusMetrics) {}

  @Get()
  @UseGuards(MetricsGuard)
  @ApiOperation({
    summary: 'Metrics of this instance, for Prometheus',
    description:
      '`Authorization: Bearer` with METRICS_TOKEN. Where none is set, this machine itself may read them.',
    operationId: 'metrics',
  })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  @ApiProblems({}, 'METRICS_TOKEN_INVALID', 'FORBIDDEN')
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { contentType, text } = await this.metrics.read();
    void reply.type(contentType);
    return text;
  }
}
