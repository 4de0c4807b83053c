import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { EventLog, type RecordedEvent } from '../events/event-log.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';
import { UserAvatars } from '../user/user-avatars.js';
import { identityReply, UserReplies } from '../user/user-replies.js';
import { UserService } from '../user/user.service.js';
import type { ExportedEventReply, ExportedSessionReply } from './export.reply.js';

/** Rows that are read, and held in memory, at once. */
const CHUNK = 500;

/** Reads one chunk behind a row. @param after its id; `null` for the first chunk */
type ReadChunk<Row> = (after: string | null) => Promise<Row[]>;

/** Writes what is held about a person as one JSON document (`ExportReply`), chunk by chunk. */
@Injectable()
export class Export {
  private readonly logger = new Logger(Export.name);

  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly events: EventLog,
    private readonly userReplies: UserReplies,
    private readonly userAvatars: UserAvatars,
  ) {}

  /**
   * The document in pieces. Each is read when it is asked for, with short statements of its own: a client that leaves
   * or reads slowly holds up nothing. One that fails ends the document before its last brace.
   */
  async *pieces(current: SessionOfUser): AsyncGenerator<string, void> {
    try {
      yield* this.document(current);
    } catch (error) {
      const msg = 'an export was broken off';
      if (error instanceof AppError) this.logger.warn({ code: error.code, msg });
      else this.logger.error({ error: describeError(error), msg });
      throw error;
    }
  }

  private async *document(current: SessionOfUser): AsyncGenerator<string, void> {
    const { user } = current;
    const pendingPictures = await this.userAvatars.pendingOf(user.id);
    yield `{"user":${JSON.stringify(this.userReplies.user(user))}`;
    yield* list(
      'identities',
      chunkwise((after) => this.users.identitiesOf(user.id, after, CHUNK)),
      (each) => identityReply(each),
    );
    yield* list('sessions', this.sessionsOf(user.id), (each) => this.sessionReply(each, current));
    yield `,"pendingPictures":${JSON.stringify(pendingPictures)}`;
    yield* list('events', this.eventsOf(user.id), eventReply);
    yield `,"encrypted":${JSON.stringify(ENCRYPTED)}}`;
  }

  private async *sessionsOf(userId: string): AsyncGenerator<SessionOfUser[], void> {
    const identities = chunkwise((after) => this.users.identitiesOf(userId, after, CHUNK));
    for await (const chunk of identities) {
      for (const { id } of chunk) {
        yield* chunkwise(
          (before) => this.sessions.ofIdentity(id, before, CHUNK),
          ({ session }) => session.id,
        );
      }
    }
  }

  /** Those of the account, the oldest first, then those of each account that was merged into it. */
  private async *eventsOf(userId: string): AsyncGenerator<RecordedEvent[], void> {
    yield* chunkwise((after) => this.events.ofUser(userId, after, CHUNK));
    for await (const merged of chunkwise((after) => this.users.mergedInto(userId, after, CHUNK))) {
      for (const { id } of merged) yield* chunkwise((after) => this.events.ofUser(id, after, CHUNK));
    }
  }

  private sessionReply(each: SessionOfUser, current: SessionOfUser): ExportedSessionReply {
    return {
      ...sessionReply(each, this.sessions.endsAt(each.session), current.session.id),
      endedAt: isoTime(this.sessions.endedAt(each.session)),
      endReason: each.session.revokeReason,
      userAgent: each.session.device,
    };
  }
}

const ENCRYPTED = ['session_key of each mini program', "WeChat's refresh token of each website"];

/** Whose address stands with an event: an operator's and WeChat's are nobody's business. */
const WITH_ADDRESS = new Set(['user', 'system']);

function eventReply({ id, type, actor, ip, details, createdAt }: RecordedEvent): ExportedEventReply {
  return { id, type, actor, ip: WITH_ADDRESS.has(actor) ? ip : null, details, createdAt };
}

/** All chunks behind one another; `idOf` a row where that is not its `id`. */
function chunkwise<Row extends { readonly id: string }>(read: ReadChunk<Row>): AsyncGenerator<Row[], void>;
function chunkwise<Row>(read: ReadChunk<Row>, idOf: (row: Row) => string): AsyncGenerator<Row[], void>;
async function* chunkwise(
  read: ReadChunk<{ readonly id: string }>,
  idOf: (row: { readonly id: string }) => string = ({ id }) => id,
): AsyncGenerator<object[], void> {
  for (let after: string | null = null; ;) {
    const rows = await read(after);
    const last = rows.at(-1);
    if (!last) return;
    yield rows;
    if (rows.length < CHUNK) return;
    after = idOf(last);
  }
}

/** A member of the document with a list as its value. */
async function* list<Row>(
  name: string,
  chunks: AsyncIterable<Row[]>,
  reply: (row: Row) => object,
): AsyncGenerator<string, void> {
  yield `,"${name}":[`;
  let separator = '';
  for await (const rows of chunks) {
    yield separator + rows.map((row) => JSON.stringify(reply(row))).join(',');
    separator = ',';
  }
  yield ']';
}

/** ISO 8601, UTC. */
function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
