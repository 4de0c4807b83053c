import { nameDecorator } from '../common/named-providers.js';

/** What a person granted a partner, in an export. Times in ISO 8601, UTC. */
export interface ExportedGrant {
  readonly id: string;
  readonly partner: { readonly id: string; readonly name: string };
  readonly scopes: readonly string[];
  readonly createdAt: string;
  readonly lastUsedAt: string;
}

/** The name by which a partner knows a person, in an export. */
export interface ExportedSubject {
  readonly partner: { readonly id: string; readonly name: string };
  readonly sub: string;
  readonly createdAt: string;
}

/** The lists of an export that other rooms keep, by the name of the member. */
export interface ExportParts {
  readonly grants: ExportedGrant;
  readonly partnerSubjects: ExportedSubject;
}

/** A list of an export. It reads chunk by chunk, on demand, by short statements. */
export interface ExportPart<Name extends keyof ExportParts> {
  exported(userId: string): AsyncIterable<ExportParts[Name][]>;
}

/** Marks a provider as an `ExportPart`. It may be in any module of the app. */
export const ExportedAs = nameDecorator<keyof ExportParts>();
