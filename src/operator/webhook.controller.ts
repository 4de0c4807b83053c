import { Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { AdminKey, CurrentOperator } from '../auth/api-key/api-key.guard.js';
import { ApiProblems } from '../http/problem-docs.js';
import type { Actor } from '../events/event-log.js';
import { WebhookOutbox } from '../events/webhook-outbox.js';
import { RateLimit } from '../rate-limit/rate-limit.decorator.js';

/** Webhooks, as operators see them. */
@ApiTags('operators')
@Controller('v1/admin/events')
@AdminKey()
@RateLimit('admin')
export class WebhookController {
  constructor(private readonly webhooks: WebhookOutbox) {}

  /**
   * Sends an event to all receivers again, with the same `webhook-id`, for a receiver that lost it or was
   * unavailable.
   */
  @Post(':id/resend')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send an event to the webhooks again',
    description: 'Sends the webhooks of an event again, with the same id.',
    operationId: 'adminResendEvent',
  })
  @ApiParam({ name: 'id', description: 'Id of the event.', example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e53' })
  @ApiAcceptedResponse({ description: 'It is sent in the background.' })
  @ApiProblems({}, 'API_KEY_INVALID', 'FORBIDDEN', 'NOT_FOUND', 'WEBHOOKS_OFF', 'DATABASE_UNAVAILABLE')
  async resend(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<void> {
    await this.webhooks.resend(id, operator);
  }
}
