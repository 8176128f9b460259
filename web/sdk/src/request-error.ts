/** A server refused a request, or could not be reached. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** When the server asks to come back, if it does. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }

  /** The same request may succeed later. */
  get temporary(): boolean {
    return (
      this.status === 0 ||
      this.status === 429 ||
      this.status >= 500 ||
      this.retryAfterMs !== undefined
    );
  }
}

/** `fetch` that throws a `RequestError` for everything but a 2xx answer. */
export async function request(url: string | URL, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch {
    throw new RequestError("The server cannot be reached.", 0);
  }
  if (response.ok) return response;
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  throw new RequestError(
    await reason(response),
    response.status,
    Number.isFinite(seconds) ? seconds * 1000 : undefined,
  );
}

/** What the server says about its refusal: RFC 9457 problem details, else plain text. */
async function reason(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const problem: { detail?: unknown; title?: unknown } = JSON.parse(text);
    if (typeof problem.detail === "string") return problem.detail;
    if (typeof problem.title === "string") return problem.title;
  } catch {
    // Not JSON.
  }
  return text.trim() || `The server answered ${response.status} ${response.statusText}.`;
}
