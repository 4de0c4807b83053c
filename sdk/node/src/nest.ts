import {
  type CanActivate,
  createParamDecorator,
  type DynamicModule,
  type ExecutionContext,
  type FactoryProvider,
  ForbiddenException,
  type HttpException,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
  type PipeTransform,
  ServiceUnavailableException,
  SetMetadata,
  type Type,
  UnauthorizedException,
} from '@nestjs/common';
import {
  type Authenticator,
  type Claims as ClaimsOfToken,
  createAuthenticator,
  type GuardedRequest,
  type GuardOptions,
  type Refusal,
  refusalOf,
} from './index.js';

/** The claims of the access token. A value, too: a decorated parameter of this type compiles with all settings. */
export type Claims = ClaimsOfToken;
export const Claims = Object as unknown as abstract new () => ClaimsOfToken;

const AUTHENTICATOR = Symbol.for('wechat-auth:authenticator');
const ACCESS = 'wechat-auth:access';

/** A route or controller that needs no token. The guard does not look at one. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'public');

/** A route or controller for people with and without a login: `@CurrentUser()` may be `undefined`. */
export const OptionalLogin = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'optional');

/** A route or controller that needs a token, where the options or its controller say otherwise. */
export const RequireLogin = (): MethodDecorator & ClassDecorator => SetMetadata(ACCESS, 'required');

type State = GuardedRequest & { auth?: ClaimsOfToken | undefined };

type Pipe = PipeTransform | Type<PipeTransform>;

/** The claims of the access token, or one of them: `@CurrentUser() user: Claims`, `@CurrentUser('sub') userId: string`. */
export const CurrentUser: (claim?: keyof ClaimsOfToken, ...pipes: Pipe[]) => ParameterDecorator =
  createParamDecorator((claim: keyof ClaimsOfToken | undefined, context: ExecutionContext) => {
    const request = requestOf(context);
    // Without this a forgotten guard would be a request of nobody, which some code takes for everybody's.
    if (!('auth' in request)) throw new Error('@CurrentUser() needs WeChatAuthGuard on this route');
    return claim === undefined ? request.auth : request.auth?.[claim];
  });

/**
 * Lets requests with a good access token through. As `APP_GUARD` it guards every route, by `@UseGuards` one route or
 * controller. The others get 401, 403 or 503 as an HttpException whose response is problem+json.
 */
@Injectable()
export class WeChatAuthGuard implements CanActivate {
  constructor(@Inject(AUTHENTICATOR) private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context);
    const request = requestOf(context);
    request.auth = undefined;
    if (access === 'public') return true;
    try {
      const required = access === undefined ? {} : { required: access === 'required' };
      request.auth = await this.authenticator.authenticate(request, required);
      return true;
    } catch (error) {
      const refusal = refusalOf(error, request);
      setHeaders(responseOf(context), refusal);
      throw exceptionOf(refusal, error);
    }
  }
}

/** Options from other providers: `{ inject: [ConfigService], useFactory: (config) => ({ issuer: config.get('AUTH') }) }`. */
export interface AsyncGuardOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider<GuardOptions>, 'inject' | 'useFactory'> {}

/** Provides the guard to all modules. */
@Module({})
export class WeChatAuthModule {
  /** @throws AuthError OPTIONS_INVALID */
  static forRoot(options: GuardOptions): DynamicModule {
    return moduleOf([{ provide: AUTHENTICATOR, useValue: createAuthenticator(options) }]);
  }

  /** The same, with options from other providers. */
  static forRootAsync({ imports = [], inject = [], useFactory }: AsyncGuardOptions): DynamicModule {
    const provider = {
      provide: AUTHENTICATOR,
      inject,
      useFactory: async (...providers: unknown[]) => createAuthenticator(await useFactory(...providers)),
    };
    return { ...moduleOf([provider]), imports };
  }
}

function moduleOf(providers: NonNullable<ModuleMetadata['providers']>): DynamicModule {
  return {
    module: WeChatAuthModule,
    global: true,
    providers: [...providers, WeChatAuthGuard],
    exports: [AUTHENTICATOR, WeChatAuthGuard],
  };
}

type Access = 'public' | 'optional' | 'required';

function accessOf(context: ExecutionContext): Access | undefined {
  const of = (target: object) => Reflect.getMetadata(ACCESS, target) as Access | undefined;
  return of(context.getHandler()) ?? of(context.getClass());
}

interface GraphqlContext {
  readonly req?: State;
  readonly res?: Response;
}

/** `setHeader` is there on Express, `header` on Fastify. */
interface Response {
  readonly setHeader?: (name: string, value: string) => unknown;
  json?: (body: unknown) => unknown;
  readonly header?: (name: string, value: string) => unknown;
}

function requestOf(context: ExecutionContext): State {
  const type = context.getType<string>();
  const request =
    type === 'http' ? context.switchToHttp().getRequest<State>() : graphqlOf(context, type)?.req;
  if (request?.headers) return request;
  throw new Error(
    `WeChatAuthGuard guards HTTP and GraphQL, and found no HTTP request in a context of ${type}`,
  );
}

function responseOf(context: ExecutionContext): Response | undefined {
  const type = context.getType<string>();
  return type === 'http' ? context.switchToHttp().getResponse<Response>() : graphqlOf(context, type)?.res;
}

/**
 * On Express the media type is set when the problem is sent: Nest 11 makes application/json of one that is there before,
 * with a warning in the log for every refusal. An exception filter that sends something else keeps its own type.
 */
function setHeaders(response: Response | undefined, { headers, problem }: Refusal): void {
  const { 'content-type': type = '', ...others } = headers;
  for (const [name, value] of Object.entries(others)) {
    if (response?.setHeader) response.setHeader(name, value);
    else response?.header?.(name, value);
  }
  if (!response?.setHeader) return void response?.header?.('content-type', type);
  const json = response.json?.bind(response);
  response.json = (body) => {
    if (body === problem) response.setHeader?.('content-type', type);
    return json?.(body);
  };
}

/** The third argument of a resolver is the context, with the request and response of Express in it. */
function graphqlOf(context: ExecutionContext, type: string): GraphqlContext | undefined {
  return type === 'graphql' ? context.getArgByIndex<GraphqlContext | undefined>(2) : undefined;
}

function exceptionOf({ status, problem }: Refusal, cause: unknown): HttpException {
  if (status === 401) return new UnauthorizedException(problem, { cause });
  if (status === 403) return new ForbiddenException(problem, { cause });
  return new ServiceUnavailableException(problem, { cause });
}

export type { GuardOptions } from './index.js';
