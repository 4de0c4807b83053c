import { Injectable } from '@nestjs/common';
import findMyWay, { type HTTPMethod } from 'find-my-way';

/** A route: `GET`, `/v1/users/:id`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/**
 * All routes of the server. Distinguishes an unknown path from an unknown method on a known path (RFC 9110
 * section 15.5.6).
 */
@Injectable()
export class RouteTable {
  private readonly router = findMyWay();
  private readonly methods = new Set<HTTPMethod>();
  private readonly routes: Route[] = [];

  /** Called for every route when it is registered. */
  add(method: string | readonly string[], path: string): void {
    // Skips wildcard routes (the files of Swagger UI), which do not prove that a path exists.
    if (path.includes('*')) return;
    for (const each of typeof method === 'string' ? [method] : method) {
      const known = each as HTTPMethod;
      if (this.router.hasRoute(known, path)) continue;
      this.router.on(known, path, () => undefined);
      this.routes.push({ method: known, path });
      this.methods.add(known);
    }
  }

  /** All routes with their patterns. */
  all(): readonly Route[] {
    return this.routes;
  }

  /** Methods of a URL's path, for the Allow header. */
  methodsOf(url: string): string[] {
    const [path] = url.split('?', 1);
    return [...this.methods].filter((method) => this.router.find(method, path ?? '') !== null).sort();
  }
}
