import type { Person } from '../state/people.js';

/**
 * The URL of a person's picture: their own URL, else the sandbox's drawing at `origin`. Like WeChat's, it ends with
 * the size in pixels and stops working when the picture changes (section 4.7).
 */
export function avatarUrlOf(person: Person, origin: string): string {
  return person.avatarUrl ?? `${origin}/mmopen/vi_32/${person.id}-${person.avatarVersion}/132`;
}
