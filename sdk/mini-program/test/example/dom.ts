import { createRequire } from 'node:module';
import { whileRunning } from '../../../../test/runner/running.js';

const require = createRequire(import.meta.url);

/** An element of WeChat's component framework (exparser). */
export interface ExparserElement {
  /** What the template has given to it. */
  readonly _vt?: { readonly attrs: readonly { readonly name: string; readonly value: unknown }[] };
}

interface Exparser {
  readonly Component: new () => ExparserElement;
  readonly Element: { getMethodCaller(element: ExparserElement): Caller | undefined };
  readonly Event: {
    create(name: string, detail: unknown, options: object): unknown;
    dispatchEvent(target: ExparserElement, event: unknown): void;
  };
}

/** `this` in a component. */
export type Caller = Readonly<Record<string, unknown>> & { readonly data: Readonly<Record<string, unknown>> };

/** A rendered component. */
export interface Rendered {
  readonly dom: Element & { readonly __wxElement: ExparserElement };
  readonly instance: Caller;
  attach(parent: Element): void;
  detach(): void;
  setData(data: object): void;
  addEventListener(event: string, listener: (event: { readonly detail: unknown }) => void): void;
  triggerPageLifeTime(name: string): void;
}

interface Simulate {
  load(path: string, options: { readonly rootPath: string; readonly compiler: string }): string;
  render(id: string, properties?: object): Rendered;
}

/** miniprogram-simulate in a document. */
export interface Dom {
  readonly document: Document;
  readonly simulate: Simulate;
  readonly exparser: Exparser;
  stop(): Promise<void>;
}

/** They keep the document that was there when they were evaluated. */
const SIMULATOR = /node_modules\/(miniprogram-simulate|miniprogram-exparser|j-component)\//;
/** What the simulator expects in the global scope, or puts there. */
const GLOBALS = [
  ...['window', 'document', 'wx', 'App', 'Page', 'Component', 'Behavior', 'Touch'],
  ...['wxFormField', 'wxFormFieldGroup', 'wxFormFieldButton', 'wxComponentExport'],
];

/**
 * Starts miniprogram-simulate. All test files of a worker share the global scope and Node's module cache: `stop` leaves
 * both as they were.
 */
export function startDom(): Dom {
  const before = new Map(GLOBALS.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]));
  const { JSDOM } = require('jsdom') as { JSDOM: new (html: string) => { window: Window } };
  const { window } = new JSDOM('<!doctype html><body></body>');
  Object.assign(globalThis, { window, document: window.document });
  const stop = whileRunning('the DOM', () => {
    window.close();
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else Reflect.deleteProperty(globalThis, name);
    }
    forget(SIMULATOR);
    return Promise.resolve();
  });
  forget(SIMULATOR);
  return {
    document: window.document,
    simulate: require('miniprogram-simulate') as Simulate,
    exparser: require('miniprogram-exparser') as Exparser,
    stop,
  };
}

/** Takes modules out of Node's cache: they are evaluated anew when they are required again. */
export function forget(path: RegExp): void {
  for (const known of Object.keys(require.cache))
    if (path.test(known)) Reflect.deleteProperty(require.cache, known);
}

/** Evaluates a CommonJS module. */
export function evaluate(path: string): unknown {
  return require(path) as unknown;
}
