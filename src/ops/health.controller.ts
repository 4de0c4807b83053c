import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../common/api-problems.js';
import { AppError } from '../common/app-error.js';
import { Public } from '../common/public.js';
import { Database } from '../database/database.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { Shutdown } from './shutdown.js';

/** Reply of both checks. */
export class HealthReply {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** For whoever runs the service: is it alive, may it get requests. */
@ApiTags('running it')
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly store: EphemeralStore,
    private readonly shutdown: Shutdown,
  ) {}

  /** The process answers. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'Is the process alive', operationId: 'live' })
  @ApiOkResponse({ type: HealthReply })
  @ApiProblems({})
  live(): HealthReply {
    return { status: 'ok' };
  }

  /** Database and shared store take a write, and the instance is not stopping. */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({ summary: 'May the instance get requests', operationId: 'ready' })
  @ApiOkResponse({ type: HealthReply })
  @ApiProblems({}, 'DATABASE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'SHUTTING_DOWN')
  async ready(): Promise<HealthReply> {
    if (this.shutdown.hasBegun) throw new AppError('SHUTTING_DOWN');
    await Promise.all([this.database.ping(), this.store.ping()]);
    return { status: 'ok' };
  }
}
