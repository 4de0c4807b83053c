// docs/errors.md from the catalogue: `--write` makes it, without it a difference is a failure.
import { writeOrCompare } from './generated.mjs';
import { ERROR_CATALOGUE } from '../dist/common/error-catalogue.js';

const sections = Object.entries(ERROR_CATALOGUE).map(
  ([code, entry]) => `## ${code}

${entry.title}. Status ${entry.status}${entry.retryAfter === undefined ? '' : `, Retry-After ${entry.retryAfter} s unless the reply says otherwise`}.

- **Cause:** ${entry.cause}
- **Cure:** ${entry.cure}
`,
);

const text = `# Errors

Every error is \`application/problem+json\` (RFC 9457): \`{ type, title, status, code, detail, requestId, errors? }\`.
Branch on \`code\`: it is stable. \`detail\` is for people, \`requestId\` finds the request in the log.

Generated from \`src/common/error-catalogue.ts\` by \`npm run errors\`.

${sections.join('\n')}`;

await writeOrCompare('docs/errors.md', text, 'npm run errors');
