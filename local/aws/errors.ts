/** An answer of AWS that is an error: HTTP status, code and text, plus what SQS says in its old query form. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly status: number;
  readonly code: string;
  readonly queryCode: string | undefined;
  constructor(status: number, code: string, message: string, queryCode?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.queryCode = queryCode;
  }
}

/** The parameter is missing or malformed; the JSON services spell the code `ValidationException`. */
export function validationError(message: string): AwsError {
  return new AwsError(400, 'ValidationError', message);
}

/** A resource policy that AWS, or this local AWS, does not take. */
export function malformedPolicy(message: string): AwsError {
  return new AwsError(400, 'MalformedPolicyDocumentException', message);
}

/** The common form of AWS's own parameter check. */
export function constraintError(field: string, constraint: string): AwsError {
  return validationError(
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: Member must ${constraint}`,
  );
}
