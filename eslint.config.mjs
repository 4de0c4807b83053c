import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      '**/dist',
      '**/node_modules',
      'data',
      'artifacts',
      'coverage',
      'sdk/mini-program/example/lib',
      'sdk/test/projects',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.test.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Nest's modules are empty classes under a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      // Request and reply classes are shapes with decorators: their prototype is never asked for anything.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only config/ reads the environment (design rule 1).',
        },
      ],
    },
  },
  {
    // A secret in a log is a leak; the one way to the log is the logger.
    files: ['src/**/*.ts', 'sandbox/src/**/*.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    // Its size counts before compression, so the shorter of two ways is taken.
    files: ['sdk/mini-program/src/**/*.ts', 'sdk/shared/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/prefer-nullish-coalescing': 'off',
      '@typescript-eslint/prefer-includes': 'off',
      '@typescript-eslint/prefer-string-starts-ends-with': 'off',
      '@typescript-eslint/require-await': 'off',
      // What a platform rejects with is passed on.
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/only-throw-error': 'off',
    },
  },
  {
    files: ['**/*.mjs', '*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        fetch: 'readonly',
        URL: 'readonly',
        URLSearchParams: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        AbortSignal: 'readonly',
        Buffer: 'readonly',
        module: 'writable',
      },
    },
  },
  {
    // Runs in the browser.
    files: ['sandbox/src/**/*.client.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'document',
          'window',
          'location',
          'history',
          'navigator',
          'fetch',
          'URL',
          'URLSearchParams',
          'setTimeout',
          'clearTimeout',
          'setInterval',
          'clearInterval',
          'EventSource',
          'AbortController',
          'performance',
          'localStorage',
          'sessionStorage',
          'matchMedia',
          'crypto',
          'console',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    // Runs in WeChat, in base library 2.32.3 without a compiler too.
    files: ['sdk/mini-program/example/**/*.js'],
    languageOptions: {
      ecmaVersion: 2018,
      sourceType: 'commonjs',
      globals: Object.fromEntries(
        ['wx', 'App', 'Page', 'Component', 'getApp', 'getCurrentPages', 'console'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
    // `catch` needs a name in ES2018.
    rules: { 'no-unused-vars': ['error', { caughtErrors: 'none' }] },
  },
  prettier,
);
