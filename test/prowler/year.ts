import { judgeYear } from '../support/proof/judged-year.ts';

// The credential reports of the ends of twelve months, for year.py.
const { months } = await judgeYear();
process.stdout.write(JSON.stringify(months));
