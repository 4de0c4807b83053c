/** One text in both languages of the documentation. */
export interface Translated {
  readonly en: string;
  readonly zh: string;
}

/** What `.env.example` and the configuration pages say of a setting. */
export interface SettingDocs extends Translated {
  /** Values that the documentation shows, as they are written in the environment. */
  readonly examples?: readonly string[];
  /** What holds where the variable is not set and its default is no constant. */
  readonly otherwise?: Translated;
}

/** One variable of the environment, described once: parser, default, secrecy and documentation. */
export interface Setting<Value> extends SettingDocs {
  /** @throws SettingFault whose message never repeats the value */
  readonly parse: (text: string) => Value;
  /** The text that is parsed where the variable is not set; `null`: the value is then `null`. */
  readonly default: string | null;
  /** A secret may also come as `NAME_FILE`, the path of a mounted file. */
  readonly secret: boolean;
}

/** A setting with a constant default. */
export interface DefaultedSetting<Value> extends Setting<Value> {
  readonly default: string;
}

/** A part of the documentation: a heading and the settings under it, in order. */
export interface SettingSection<Settings extends Readonly<Record<string, Setting<unknown>>>> {
  readonly title: Translated;
  readonly settings: Settings;
}

interface SettingOptions extends SettingDocs {
  readonly secret?: boolean;
}

/** A setting that has a value in every environment. */
export function withDefault<Value>(
  parse: (text: string) => Value,
  text: string,
  docs: SettingOptions,
): DefaultedSetting<Value> {
  return { secret: false, ...docs, parse, default: text };
}

/** A setting that is `null` where the environment does not set it. */
export function optional<Value>(parse: (text: string) => Value, docs: SettingOptions): Setting<Value> {
  return { secret: false, ...docs, parse, default: null };
}

/** The parsed value of each setting: `null` only where there is no default. */
export type SettingValues<Settings extends Readonly<Record<string, Setting<unknown>>>> = {
  readonly [Name in keyof Settings]: Settings[Name] extends DefaultedSetting<infer Value>
    ? Value
    : Settings[Name] extends Setting<infer Value>
      ? Value | null
      : never;
};
