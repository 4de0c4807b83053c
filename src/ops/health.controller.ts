import { Controller, Get, Header, Logger } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '../http/problem-docs.js';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { withTimeout } from '../common/with-timeout.js';
import { Public } from '../http/public.js';
import { Database } from '../database/database.js';
import { EphemeralStore } from '../ephemeral/ephemeral-store.js';
import { WithoutDatabase } from './without-database.js';
import { Shutdown } from './shutdown.js';

/** Reply of both health checks. */
export class HealthReply {
  @ApiProperty({ description: '`ok` where the check passed.', enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

/** Keeps the total below the 2 s that a check may take, whatever the database and the store do (ms). */
const DEADLINE_MS = 1_900;

/** Health checks: liveness and readiness. */
@ApiTags('running it')
@Controller('health')
@Public()
@WithoutDatabase()
export class HealthController {
  private readonly logger = new Logger('Health');

  constructor(
    private readonly database: Database,
    private readonly store: EphemeralStore,
    private readonly shutdown: Shutdown,
  ) {}

  /** Liveness: the process answers. */
  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'Is the process alive',
    description: 'Answers as long as the process handles requests. It asks neither the database nor WeChat.',
    operationId: 'live',
  })
  @ApiOkResponse({ type: HealthReply })
  @ApiProblems({})
  live(): HealthReply {
    return { status: 'ok' };
  }

  /**
   * Readiness: database and shared store accept writes, and the instance is not stopping, so a login would
   * succeed.
   */
  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    summary: 'May the instance get requests',
    description:
      'Ready means that a login would succeed: the database and the shared store take a write. Answers within 2 s. ' +
      'Where something is missing, `errors` names it: `database`, `store`. The reason is in the log only.',
    operationId: 'ready',
  })
  @ApiOkResponse({ type: HealthReply })
  @ApiProblems({}, 'DATABASE_UNAVAILABLE', 'STORE_UNAVAILABLE', 'SHUTTING_DOWN')
  async ready(): Promise<HealthReply> {
    if (this.shutdown.hasBegun) throw new AppError('SHUTTING_DOWN');
    const [database, store] = await Promise.all([
      this.database.isOpen ? this.fault(this.database.ping()) : 'is not reached yet, or being migrated',
      this.fault(this.store.ping()),
    ]);
    if (database === null && store === null) return { status: 'ok' };
    throw new AppError(database === null ? 'STORE_UNAVAILABLE' : 'DATABASE_UNAVAILABLE', {
      errors: [
        ...(database === null ? [] : [{ field: 'database', message: database }]),
        ...(store === null ? [] : [{ field: 'store', message: store }]),
      ],
    });
  }

  /** `null` if the check succeeds in time. */
  private async fault(check: Promise<void>): Promise<string | null> {
    try {
      await withTimeout(check, DEADLINE_MS, () => new Error('no answer in time'));
      return null;
    } catch (error) {
      if (!(error instanceof AppError)) {
        this.logger.error({ error: describeError(error), msg: 'a readiness check failed' });
      }
      return 'takes no writes at the moment, or cannot be reached';
    }
  }
}
