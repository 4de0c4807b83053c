import { fileURLToPath } from 'node:url';
import { whileRunning } from '../../../../test/runner/running.js';
import { type Caller, type Dom, evaluate, forget, type ExparserElement, type Rendered } from './dom.js';

export const EXAMPLE = fileURLToPath(new URL('../../example/', import.meta.url));
const ITS_MODULES = /\/mini-program\/example\//;

type Options = Readonly<Record<string, unknown>>;
type Method = (this: Caller, ...words: unknown[]) => unknown;

/** One run of the example on a phone: its modules are evaluated anew, storage is the phone's. */
export class Program {
  private readonly screens: Screen[] = [];

  private constructor(
    private readonly dom: Dom,
    readonly stop: () => Promise<void>,
  ) {}

  /** @param wx `wx` of the phone, or a part of it */
  static start(dom: Dom, wx: object): Program {
    forget(ITS_MODULES);
    const stop = whileRunning('the example', () => {
      for (const screen of program.screens) screen.close();
      forget(ITS_MODULES);
      return Promise.resolve();
    });
    const program = new Program(dom, stop);
    Object.assign(globalThis, {
      wx,
      App: (options: Options) => (options.onLaunch as Method | undefined)?.call(options as Caller, {}),
      // A page is a component whose functions stand at the top.
      Page: (options: Options) => registerComponent({ data: options.data, methods: functionsOf(options) }),
    });
    evaluate(`${EXAMPLE}app.js`);
    return program;
  }

  /** Opens a page. @param name for instance `index` */
  async open(name: string, query: Readonly<Record<string, string>> = {}): Promise<Screen> {
    const screen = this.render(`pages/${name}/${name}`);
    screen.call('onLoad', query);
    screen.call('onShow');
    await screen.settled();
    return screen;
  }

  /** Renders a page or a component. @param path for instance `components/problem/problem` */
  render(path: string, properties: object = {}): Screen {
    const { simulate, document } = this.dom;
    const id = simulate.load(`${EXAMPLE}${path}`, { rootPath: EXAMPLE.slice(0, -1), compiler: 'simulate' });
    const rendered = simulate.render(id, properties);
    rendered.attach(document.body);
    const screen = new Screen(this.dom, rendered);
    this.screens.push(screen);
    return screen;
  }
}

function registerComponent(definition: object): void {
  (globalThis as unknown as { Component: (definition: object) => void }).Component(definition);
}

function functionsOf(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === 'function'));
}

/** An open page, or a component on its own. */
export class Screen {
  constructor(
    private readonly dom: Dom,
    private readonly rendered: Rendered,
  ) {}

  get data(): Readonly<Record<string, unknown>> {
    return this.rendered.instance.data;
  }

  /** Calls a function of the page where it has one. */
  call(name: string, ...words: unknown[]): unknown {
    return (this.rendered.instance[name] as Method | undefined)?.call(this.rendered.instance, ...words);
  }

  /** Hears the events that a component triggers. */
  listen(event: string, listener: (detail: unknown) => void): void {
    this.rendered.addEventListener(event, ({ detail }) => listener(detail));
  }

  /** Sets data, as the page around a component does with properties. */
  set(data: object): void {
    this.rendered.setData(data);
  }

  /** Shows the page again, as after settings of WeChat. */
  async show(): Promise<void> {
    this.call('onShow');
    this.rendered.triggerPageLifeTime('show');
    await this.settled();
  }

  close(): void {
    this.call('onUnload');
    this.rendered.detach();
  }

  /** What can be read, with a space between two elements. */
  get text(): string {
    return textOf(this.rendered.dom);
  }

  /** Labels of the buttons that can be tapped. */
  get buttons(): string[] {
    return this.elements('wx-button')
      .filter((button) => this.attribute(button, 'disabled') !== true)
      .map(textOf);
  }

  /** Attributes of the first element of this kind; `null` where there is none. */
  attributesOf(tag: string): Readonly<Record<string, unknown>> | null {
    const [element] = this.elements(`wx-${tag}`);
    if (!element) return null;
    return Object.fromEntries((elementOf(element)._vt?.attrs ?? []).map(({ name, value }) => [name, value]));
  }

  /** Taps what has this text. A button that is disabled does nothing. */
  async tap(text: string): Promise<void> {
    await this.dispatch(text, 'tap');
  }

  /** Taps twice, before WeChat has drawn the button anew as disabled. */
  async doubleTap(text: string): Promise<void> {
    const target = this.find(text);
    for (let taps = 0; taps < 2; taps++) this.happen(target, 'tap', {});
    await this.settled();
  }

  /**
   * Lets an event happen at what has this text, and waits until nothing is under way.
   * @param text of a button, or of another element
   */
  async dispatch(text: string, event: string, detail: object = {}): Promise<void> {
    this.start(text, event, detail);
    await this.settled();
  }

  /** As `dispatch`, without waiting. */
  start(text: string, event: string, detail: object = {}): void {
    const target = this.find(text);
    if (this.attribute(target, 'disabled') !== true) this.happen(target, event, detail);
  }

  /** Lets an event happen at an element of this kind. @param at which of them */
  async dispatchAt(tag: string, event: string, detail: object, at = 0): Promise<void> {
    const target = this.elements(`wx-${tag}`)[at];
    if (!target) throw new Error(`there is no <${tag}> in: ${this.text}`);
    this.happen(target, event, detail);
    await this.settled();
  }

  /** Waits until the screen has a text, where a task waits for the person. */
  async shows(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise((next) => setImmediate(next));
  }

  /** Waits until no task of the page or one of its components is under way. */
  async settled(): Promise<void> {
    do await new Promise((next) => setImmediate(next));
    while (this.callers().some(({ data }) => data.busy === true));
  }

  private happen(target: Element, event: string, detail: object): void {
    const { Event } = this.dom.exparser;
    const options = { bubbles: event === 'tap', composed: event === 'tap', capturePhase: true };
    Event.dispatchEvent(elementOf(target), Event.create(event, detail, options));
  }

  private find(text: string): Element {
    const named = this.elements('wx-button, wx-view, wx-text').filter((each) => textOf(each) === text);
    const target = named.find((each) => each.matches('wx-button')) ?? named.at(-1);
    if (!target) throw new Error(`there is no "${text}" in: ${this.text}`);
    return target;
  }

  private elements(selector: string): Element[] {
    return [...this.rendered.dom.querySelectorAll(selector)];
  }

  private attribute(element: Element, name: string): unknown {
    return elementOf(element)._vt?.attrs.find((each) => each.name === name)?.value;
  }

  private callers(): Caller[] {
    const { Component, Element } = this.dom.exparser;
    return [this.rendered.dom, ...this.elements('*')]
      .map(elementOf)
      .filter((element) => element instanceof Component)
      .flatMap((element) => Element.getMethodCaller(element) ?? []);
  }
}

const elementOf = (element: Element): ExparserElement =>
  (element as Element & { readonly __wxElement: ExparserElement }).__wxElement;

function textOf(node: Node): string {
  const TEXT = 3;
  const parts: string[] = [];
  const walk = (each: Node): void => {
    if (each.nodeType === TEXT) parts.push(each.textContent ?? '');
    for (const child of each.childNodes) walk(child);
  };
  walk(node);
  return parts.join(' ').replace(/\s+/g, ' ').trim();
}
