// Generates docs/errors.md and docs/errors.zh-CN.md from the error catalogue. `--write` writes them; without it a
// difference fails.
import { writeOrCompare } from './generated.mjs';
import { ERROR_CATALOGUE } from '../dist/common/error-catalogue.js';
import { ERROR_CATALOGUE_ZH_CN } from '../dist/common/error-catalogue.zh-cn.js';

const entries = Object.entries(ERROR_CATALOGUE);

const english = entries.map(([code, { title, status, retryAfter, cause, cure }]) => {
  const retry =
    retryAfter === undefined ? '' : `, Retry-After ${retryAfter} s unless the reply says otherwise`;
  return `## ${code}

${title}. Status ${status}${retry}.

- **Cause:** ${cause}
- **Cure:** ${cure}
`;
});

const chinese = entries.map(([code, { title, status, retryAfter }]) => {
  const texts = ERROR_CATALOGUE_ZH_CN[code];
  const retry = retryAfter === undefined ? '' : `，Retry-After ${retryAfter} 秒，应答另有说明时以应答为准`;
  return `## ${code}

${texts.title}（\`title\`：${title}）。状态码 ${status}${retry}。

- **原因：** ${texts.cause}
- **处理：** ${texts.cure}
`;
});

const englishPage = `# Errors

[中文](errors.zh-CN.md)

Every error is \`application/problem+json\` (RFC 9457): \`{ type, title, status, code, detail, requestId, errors? }\`.
Branch on \`code\`: it is stable. \`detail\` is for people; \`requestId\` finds the request in the log.
Where to look for a symptom: [Troubleshooting](guide/troubleshooting.md).

Generated from \`src/common/error-catalogue.ts\` by \`npm run errors\`.

${english.join('\n')}`;

const chinesePage = `# 错误码

[English](errors.md)

所有错误都是 \`application/problem+json\`（RFC 9457）：\`{ type, title, status, code, detail, requestId, errors? }\`。
程序请按 \`code\` 判断，它不会改变。\`detail\` 是给人看的；用 \`requestId\` 可以在日志里找到请求。应答里的文字是英文。
按症状查找：[故障排查](guide/troubleshooting.zh-CN.md)。

由 \`npm run errors\` 根据 \`src/common/error-catalogue.ts\` 和 \`error-catalogue.zh-cn.ts\` 生成。

${chinese.join('\n')}`;

await writeOrCompare('docs/errors.md', englishPage, 'npm run errors');
await writeOrCompare('docs/errors.zh-CN.md', chinesePage, 'npm run errors');
