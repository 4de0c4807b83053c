import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { AppError } from '../common/app-error.js';
import { describeError } from '../common/describe-error.js';
import { namedProviders } from '../common/named-providers.js';
import { EventLog, type RecordedEvent } from '../events/event-log.js';
import type { SessionOfUser } from '../session/session-rows.js';
import { sessionReply } from '../session/session-replies.js';
import { SessionService } from '../session/session.service.js';
import { ExportedAs, type ExportPart, type ExportParts } from '../user/export-part.js';
import { UserAvatars } from '../user/user-avatars.js';
import { identityReply, UserReplies } from '../user/user-replies.js';
import { UserService } from '../user/user.service.js';
import type { ExportedEventReply, ExportedSessionReply } from './export.reply.js';

/** Rows that are read, and held in memory, at once. */
const CHUNK = 500;

/**
 * Reads the chunk that follows a row.
 * @param after id of that row; `null` for the first chunk
 */
type ReadChunk<Row> = (after: string | null) => Promise<Row[]>;

/** Writes everything stored about a person as one JSON document (`ExportReply`), chunk by chunk. */
@Injectable()
export class Export implements OnModuleInit {
  private readonly logger = new Logger(Export.name);
  /** Lists that other rooms keep. */
  private parts: ReadonlyMap<keyof ExportParts, ExportPart<keyof ExportParts>> = new Map();

  constructor(
    private readonly users: UserService,
    private readonly sessions: SessionService,
    private readonly events: EventLog,
    private readonly userReplies: UserReplies,
    private readonly userAvatars: UserAvatars,
    private readonly discovery: DiscoveryService,
  ) {}

  /** @throws StartFault if two providers keep the same list */
  onModuleInit(): void {
    this.parts = namedProviders(this.discovery, ExportedAs, 'export');
  }

  /**
   * Yields the document in pieces. Each piece is read on demand by short statements of its own, so a slow or
   * disconnected client blocks nothing. After an error the document ends without its closing brace.
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
    for (const [name, part] of this.parts) yield* list(name, part.exported(user.id), (each) => each);
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

  /** Events of the account, the oldest first, then those of each account that was merged into it. */
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
      authenticatedAt: isoTime(each.session.authenticatedAt),
    };
  }
}

const ENCRYPTED = ['session_key of each mini program', "WeChat's refresh token of each website"];

/**
 * Actors whose IP address is exported. The addresses of operators and of WeChat are not the person's data.
 */
const ACTORS_WITH_IP = new Set(['user', 'system']);

function eventReply({ id, type, actor, ip, details, createdAt }: RecordedEvent): ExportedEventReply {
  return { id, type, actor, ip: ACTORS_WITH_IP.has(actor) ? ip : null, details, createdAt };
}

/** Yields all chunks in order. `idOf` returns the cursor of a row if that is not its `id`. */
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

/** Yields a member of the document whose value is a list. */
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
