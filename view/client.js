// The one door out: a trusted document asked with a token; an answer, or a failure that has a name.
const SECONDS = 20

// Kinds of failure by the gateway's codes; whatever else goes wrong is "failed".
const KINDS = {
  UNAUTHENTICATED: "expired",
  ACTING_ROLE_NOT_HELD: "denied",
  OPERATION_NOT_TRUSTED: "denied",
  ACTING_ROLE_REQUIRED: "roles",
  TOO_MANY_REQUESTS: "busy",
  UNAVAILABLE: "busy",
  OVERLOADED: "busy",
}

export class Failure extends Error {
  constructor(kind, reason) {
    super(kind)
    Object.assign(this, { kind, reason })
  }
}

// The data, what is withheld and which sources are missing. A function that gives the token is asked once more, with
// true, for a fresh one.
export async function ask({ endpoint, token, role, signal }, documentId, variables) {
  const tell = async (renew) => {
    const bearer = typeof token === "function" ? await token(renew) : token
    if (!bearer) throw new Failure("expired")
    return sent(endpoint ?? "/graphql", bearer, role, signal, { documentId, variables })
  }
  try {
    return await tell(false)
  } catch (failure) {
    if (failure.kind !== "expired" || typeof token !== "function") throw failure
    return tell(true)
  }
}

async function sent(endpoint, bearer, role, signal, body) {
  const headers = { authorization: `Bearer ${bearer}`, "content-type": "application/json" }
  if (role) headers["acting-role"] = role
  let answer
  try {
    const response = await fetch(endpoint, {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.any([AbortSignal.timeout(SECONDS * 1000), signal].filter(Boolean)),
      headers,
      body: JSON.stringify(body),
    })
    answer = await response.json()
  } catch (fault) {
    throw new Failure(fault.name === "TimeoutError" ? "busy" : fault instanceof SyntaxError ? "failed" : "offline")
  }
  const { data, errors = [], extensions = {} } = answer ?? {}
  const whole = errors.find(({ path = [] }) => !data || (path.length === 1 && data[path[0]] === null))
  const { code, reason } = whole?.extensions ?? {}
  if (whole || !data) throw new Failure(KINDS[code] ?? "failed", reason)
  return { data, withheld: extensions.access?.withheld ?? [], gaps: extensions.gaps ?? [], isPartial: errors.length > 0 }
}
