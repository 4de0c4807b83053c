import { describeStatements } from '../harness/statements.js';

describeStatements(1_000_000);
