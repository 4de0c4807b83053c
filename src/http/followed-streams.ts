import type { FastifyReply, FastifyRequest } from 'fastify';

/** The log of requests, for streams that outlive their reply. */
export abstract class FollowedStreams {
  /**
   * The line of the current request is written when its stream ends, and holds neither request nor reply until then.
   * @returns what to call at the end, with whether the client disconnected before
   */
  abstract followed(request: FastifyRequest, reply: FastifyReply): (isAborted: boolean) => void;
}
