function icon(name: string, path: string): string {
  return `<svg class="icon ${name}" viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
}

/** Line drawings in the colour of the text. They are decoration: text says the same. */
export const ICONS = {
  done: icon('icon-done', 'm5 12.5 4.5 4.5L19 7.5'),
  cancelled: icon('icon-cancelled', 'm7 7 10 10M17 7 7 17'),
  again: icon('icon-again', 'M19 12a7 7 0 1 1-2-4.9L19.5 9M20 4v5h-5'),
  problem: icon('icon-problem', 'M12 6v7.5M12 17.5v.1'),
  lock: icon('icon-lock', 'M7 11V8.5a5 5 0 0 1 10 0V11M5.5 11h13v9h-13z'),
} as const;

/** Two speech bubbles that stand for WeChat. They are not WeChat's logo. */
export const BUBBLES =
  '<svg class="bubbles" viewBox="0 0 24 24" aria-hidden="true"><path d="M9.2 4C5.2 4 2 6.7 2 10c0 1.9 1.1 3.6 2.8 4.7L4.2 17l2.6-1.3c.8.2 1.6.3 2.4.3h.5a5 5 0 0 1-.2-1.4c0-3.1 3-5.6 6.6-5.6h.5C15.9 6.2 12.9 4 9.2 4Z"/><path d="M22 14.6c0-2.7-2.7-4.9-6-4.9s-6 2.2-6 4.9 2.7 4.9 6 4.9c.7 0 1.4-.1 2-.3l2 1-.5-1.7c1.5-.9 2.5-2.3 2.5-3.9Z"/></svg>';
