import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';

type Handler = ReturnType<ExecutionContext['getHandler']>;
type Controller = ReturnType<ExecutionContext['getClass']>;

/**
 * What a decorator says of a route, on its method or else on its class. Metadata does not change, so it is read once for
 * each route: guards ask at every request.
 */
export class RouteMetadata<T> {
  private readonly ofRoutes = new Map<Handler, Map<Controller, T | undefined>>();

  constructor(
    private readonly reflector: Reflector,
    private readonly key: string,
  ) {}

  of(context: ExecutionContext): T | undefined {
    const handler = context.getHandler();
    const controller = context.getClass();
    let known = this.ofRoutes.get(handler);
    if (!known) this.ofRoutes.set(handler, (known = new Map<Controller, T | undefined>()));
    if (!known.has(controller)) {
      known.set(controller, this.reflector.getAllAndOverride<T | undefined>(this.key, [handler, controller]));
    }
    return known.get(controller);
  }
}
