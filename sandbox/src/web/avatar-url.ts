import type { Person } from '../state/people.js';

/**
 * Where a person's picture is: their own URL, else the sandbox's drawing at `origin`. Like WeChat's,
 * it ends with the size in pixels and dies when the picture changes (section 4.7).
 */
export function avatarUrlOf(person: Person, origin: string): string {
  return person.avatarUrl ?? `${origin}/mmopen/vi_32/${person.id}-${person.avatarVersion}/132`;
}
