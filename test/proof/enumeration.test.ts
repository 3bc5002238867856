import { testEveryState } from '../support/core/enumeration.ts';

testEveryState(1);
