import {
  applyDecorators,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiTags,
} from '@nestjs/swagger';
import { AdminKey, CurrentOperator } from '../../auth/api-key/api-key.guard.js';
import type { Actor } from '../../events/event-log.js';
import { BodyLimit } from '../../http/bodies.js';
import { Cursors, PageQuery } from '../../http/paging.js';
import { ApiProblems } from '../../http/problem-docs.js';
import { RateLimit } from '../../rate-limit/rate-limit.decorator.js';
import { notFound, PartnerRegistration, type Registration } from './partner-registration.js';
import { PartnerRegistry } from './partner-registry.js';
import { PartnerRemoval } from './partner-removal.js';
import { PartnerListReply, PartnerReply, partnerReply, PartnerWithSecretReply } from './partners.replies.js';
import { PartnerChangeRequest, PartnerRequest } from './partners.requests.js';

/** 40 URIs of 2,048 characters, and a key set. */
const PARTNER_LIMIT_BYTES = 128 * 1024;
const SCOPE = { list: 'partners', filters: {} };

/** Decorators that the routes of one partner share. */
function OnePartner(
  operation: { readonly summary: string; readonly description: string; readonly operationId: string },
  kind: { readonly body?: true } = {},
): MethodDecorator {
  return applyDecorators(
    ApiOperation(operation),
    ApiParam({
      name: 'id',
      description: 'The client_id of the partner.',
      example: '0193a5f0-7c1e-7d3b-9a4e-3f0c5b1d2e70',
    }),
    ApiProblems(kind, 'API_KEY_INVALID', 'RATE_LIMITED', 'FORBIDDEN', 'NOT_FOUND', 'DATABASE_UNAVAILABLE'),
  );
}

/** Partner apps: clients of OpenID Connect. Each change is recorded under the name of the API key. */
@ApiTags('operators')
@Controller('v1/admin/partners')
@AdminKey()
@RateLimit('admin')
export class PartnersController {
  constructor(
    private readonly registry: PartnerRegistry,
    private readonly registration: PartnerRegistration,
    private readonly removal: PartnerRemoval,
    private readonly cursors: Cursors,
  ) {}

  /** Lists partners, the newest first, without secrets. */
  @Get()
  @ApiOperation({
    summary: 'List partner apps',
    description: 'The apps of others that log people in through this service, the newest first.',
    operationId: 'adminPartners',
  })
  @ApiOkResponse({ type: PartnerListReply })
  @ApiProblems(
    {},
    'API_KEY_INVALID',
    'RATE_LIMITED',
    'FORBIDDEN',
    'VALIDATION_FAILED',
    'CURSOR_INVALID',
    'DATABASE_UNAVAILABLE',
  )
  async list(@Query() { cursor, limit }: PageQuery): Promise<PartnerListReply> {
    const rows = await this.registry.list(this.cursors.read(SCOPE, cursor), limit + 1);
    const { items, nextCursor } = this.cursors.page(SCOPE, rows, limit);
    return { items: items.map(partnerReply), nextCursor };
  }

  /** Registers a partner. The secret is shown in this reply only. */
  @Post()
  @BodyLimit(PARTNER_LIMIT_BYTES)
  @ApiOperation({
    summary: 'Register a partner app',
    description:
      'Registers an app that may log people in by OpenID Connect. `id` is its client_id. `secret` is shown in this reply only; methods without a secret have none.',
    operationId: 'adminCreatePartner',
  })
  @ApiCreatedResponse({ type: PartnerWithSecretReply })
  @ApiProblems({ body: true }, 'API_KEY_INVALID', 'RATE_LIMITED', 'FORBIDDEN', 'DATABASE_UNAVAILABLE')
  async create(
    @Body() body: PartnerRequest,
    @CurrentOperator() operator: Actor,
  ): Promise<PartnerWithSecretReply> {
    return withSecret(await this.registration.create(body, operator));
  }

  /** Returns a partner, without its secret. */
  @Get(':id')
  @OnePartner({
    summary: 'Look at a partner app',
    description: 'The settings of a partner. Its secret is stored as a hash and cannot be shown.',
    operationId: 'adminPartner',
  })
  @ApiOkResponse({ type: PartnerReply })
  async get(@Param('id') id: string): Promise<PartnerReply> {
    const partner = await this.registry.find(id);
    if (!partner) throw notFound();
    return partnerReply(partner);
  }

  /** Changes a partner. A new `authMethod` may make a secret, which is shown in this reply only. */
  @Patch(':id')
  @BodyLimit(PARTNER_LIMIT_BYTES)
  @OnePartner(
    {
      summary: 'Change a partner app',
      description:
        'Changes the settings that are given, from the next request on; `null` removes an optional one. A new `authMethod` that needs a secret makes one where there was none, and shows it in this reply; one that needs none removes the secret. `jwks` and `jwksUri` replace each other.',
      operationId: 'adminChangePartner',
    },
    { body: true },
  )
  @ApiOkResponse({ type: PartnerWithSecretReply })
  async change(
    @Param('id') id: string,
    @Body() body: PartnerChangeRequest,
    @CurrentOperator() operator: Actor,
  ): Promise<PartnerWithSecretReply> {
    return withSecret(await this.registration.change(id, body, operator));
  }

  /** Makes a new secret. The old one is refused from now on. */
  @Post(':id/rotate-secret')
  @HttpCode(200)
  @OnePartner({
    summary: 'Replace the secret of a partner app',
    description:
      'Makes a new secret and shows it in this reply only. The old one is refused at once. VALIDATION_FAILED for an `authMethod` without a secret.',
    operationId: 'adminRotatePartnerSecret',
  })
  @ApiOkResponse({ type: PartnerWithSecretReply })
  async rotateSecret(
    @Param('id') id: string,
    @CurrentOperator() operator: Actor,
  ): Promise<PartnerWithSecretReply> {
    return withSecret(await this.registration.rotateSecret(id, operator));
  }

  /** Deletes a partner, with what people granted it. */
  @Delete(':id')
  @HttpCode(204)
  @OnePartner({
    summary: 'Delete a partner app',
    description:
      'Nobody can log into it from now on, and its tokens are refused. What people granted it is deleted in the background.',
    operationId: 'adminDeletePartner',
  })
  @ApiNoContentResponse({ description: 'It is gone.' })
  async delete(@Param('id') id: string, @CurrentOperator() operator: Actor): Promise<void> {
    await this.registration.delete(id, operator);
    this.removal.wake();
  }
}

function withSecret({ partner, secret }: Registration): PartnerWithSecretReply {
  return { ...partnerReply(partner), ...(secret === null ? {} : { secret }) };
}
