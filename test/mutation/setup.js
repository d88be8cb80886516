/** The same random inputs for every mutant; and no looking for the smallest input that fails. */
import { configureGlobal } from 'fast-check';

configureGlobal({ seed: 1, endOnFailure: true });
