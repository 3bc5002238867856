import fc from 'fast-check';

/** As IAM hands them out, and longer and shorter ones. */
export const secretAccessKeys = fc.stringMatching(/^[A-Za-z0-9/+]{16,128}$/);

export const regionNames = fc.stringMatching(/^[a-z]{2,4}-(gov-|iso-)?[a-z]{4,9}-[1-9]$/);
