import SkepCore

extension FailureRules {
    /// The version of the table: it stands in the evidence of each match.
    static let version = 5

    /// The rules in order: the first that matches counts, so the particular stand before the general.
    ///
    /// Words marked "seen" were read in sessions of the real programs with an endpoint that answers
    /// so; the others are of their sources and of threads of people who met them. Some stand there twice,
    /// with "you" as well: what is printed has to begin with one.
    static let table: [FailureRule] = [
        // Quota: an account has used up what it may. Before rate limits, whose 429 it shares.
        FailureRule(
            "codex/usage-limit", .quota,
            [
                "you've hit your usage limit", "you’ve hit your usage limit",
                "usage limit has been reached", "to use codex with your chatgpt plan, upgrade",
            ], codes: ["usage_limit_reached", "usage_not_included", "usageLimitExceeded"]),
        FailureRule(
            "claude/usage-limit", .quota,
            [
                "claude ai usage limit reached", "claude usage limit reached",
                "you've hit your *limit", "you’ve hit your *limit",
                "you've reached your *limit", "5-hour limit reached", "weekly limit reached",
                "opus limit reached", "limit reached * resets",
            ], codes: ["usage_limit"]),
        FailureRule("claude/credit", .quota, ["credit balance is too low"]),
        FailureRule(
            "openai/quota", .quota,
            [
                "insufficient_quota", "you exceeded your current quota",
                "exceeded your current quota", "billing_hard_limit",
                "quota exceeded. check your plan",
            ],
            codes: ["insufficient_quota", "billing_not_active", "billing_error", "402"]),
        FailureRule(
            "gemini/quota", .quota,
            [
                "quota exceeded for quota metric", "you have exhausted your *quota",
                "you have exhausted your capacity", "exhausted your daily quota",
                "exhausted your capacity on this model", "daily quota limit",
                "generaterequestsperday", "terminalquotaerror",
            ]),
        FailureRule(
            "grok/credits", .quota,
            ["used all available credits", "reached its monthly spending limit", "out of credits"]),
        FailureRule(
            "kimi/balance", .quota,
            ["exceeded_current_quota_error", "insufficient balance"],
            codes: ["exceeded_current_quota_error"]),
        // Everybody's words: not where a model's stand as well.
        FailureRule(
            "any/quota", .quota,
            [
                "payment required", "402 insufficient", "out of quota", "requires more credits",
                "add credits", "spending limit reached",
            ], in: [.problem, .errorOutput]),

        // Authentication.
        FailureRule(
            "claude/login", .authentication,
            [
                "please run /login", "failed to authenticate. api error: 401",  // seen
                "oauth token has expired", "oauth authentication is currently not supported",
                "invalid api key · ", "not logged in · ",
            ]),
        FailureRule(
            "codex/login", .authentication,
            [
                "unexpected status 401", "refresh token was already used",
                "refresh token has expired", "access token could not be refreshed",
                "please log out and sign in again",
                "not logged in. run `codex login`", "missing environment variable: `",
            ]),
        FailureRule(
            "acp/auth-required", .authentication, ["authentication required", "auth_required"],
            codes: ["-32000"], adapters: ["acp"]),
        FailureRule(
            "vibe/api-key", .authentication,
            ["error: invalid api key", "error: missing * environment variable"]),  // seen
        FailureRule(
            "litellm/login", .authentication,
            [
                "litellm.authenticationerror: ", "the api provider is not able to authenticate you",
            ], lastWordOf: ["aider", "mini", "openhands"]),
        // Its answer, while its turn and its program end well, with nothing on its error output. (seen)
        FailureRule(
            "hermes/quota", .quota,
            hermes("402") + hermes("429", "*quota") + ["billing or credits exhausted: "],
            lastWordOf: ["hermes"], isOnlyWord: true),
        FailureRule(
            "hermes/rate-limit", .rateLimit, hermes("429"), lastWordOf: ["hermes"],
            isOnlyWord: true),
        FailureRule(
            "hermes/overload", .overload, ["500", "502", "503", "529"].flatMap { hermes($0) },
            lastWordOf: ["hermes"], isOnlyWord: true),
        FailureRule(
            "hermes/login", .authentication,
            hermes("401") + hermes("403") + [
                "error: error code: 401", "provider authentication failed", "error code: 401",
            ], lastWordOf: ["hermes"], isOnlyWord: true),
        FailureRule(
            "any/authentication", .authentication,
            [
                "401 unauthorized", "status 401", "status code 401", "error code: 401",
                "api error: 401", "http 401", "(401)", "invalid api key", "invalid_api_key",
                "incorrect api key", "invalid x-api-key", "api key not valid",
                "api_key_invalid", "authentication_error", "authenticationerror",
                "please set an auth method", "no api key", "api key is missing", "login required",
                "please login", "please log in", "token has expired", "token_expired",
                "permission_error", "403 forbidden", "status 403",
            ],
            codes: [
                "401", "403", "invalid_api_key", "authentication_failed", "authentication_error",
                "permission_error", "unauthorized", "unauthenticated", "oauth_org_not_allowed",
            ], in: [.problem, .errorOutput]),

        // The conversation.
        FailureRule(
            "any/context", .contextOverflow,
            [
                "prompt is too long", "input is too long for requested model",
                "maximum context length", "context_length_exceeded", "exceeds the context window",
                "context window exceeded", "context window limit",
                "ran out of room in the model's context", "exceeds the maximum number of tokens",
                "input token count * exceeds", "contextwindowexceedederror", "context limit",
                "request_too_large", "token limit exceeded",
            ], codes: ["context_length_exceeded", "contextWindowExceeded", "413"]),
        FailureRule(
            "any/refused", .refused,
            [
                "unable to respond to this request, which appears to violate",
                "content_policy_violation", "content_filter", "blocked by safety",
                "violates our usage policies", "violate our usage policy",
                "flagged as potentially violating", "invalid_prompt", "prohibited_content",
            ], codes: ["content_filter", "content_policy_violation", "invalid_prompt", "refusal"]),

        // The provider, for a while.
        FailureRule(
            "any/overload", .overload,
            [
                "overloaded_error", "api error: 529", "status 529", "error code: 529",
                "overloaded", "we’re currently experiencing high demand",  // seen
                "we're currently experiencing high demand", "selected model is at capacity",
                "model is overloaded", "503 service unavailable", "status 503", "error code: 503",
                "api error: 503", "temporarily unavailable", "service unavailable",
                "serviceunavailableerror", "api error: 500", "api error: 502", "api error: 504",
                "500 internal server error", "status 500", "error code: 500", "status 502",
                "502 bad gateway", "504 gateway", "internal server error", "internalservererror",
                "server_error",
            ],
            codes: [
                "500", "502", "503", "504", "529", "overloaded_error", "server_error", "api_error",
                "server_is_overloaded", "internal_server_error", "overloaded", "unavailable",
            ]),
        FailureRule(
            "any/rate-limit", .rateLimit,
            [
                "rate_limit_error", "rate limit", "ratelimiterror", "rate_limit_exceeded",
                "too many requests", "api error: 429", "status 429", "error code: 429",
                "http 429", "resource_exhausted", "resource has been exhausted",
                "exceeded retry limit, last status: 429",
            ],
            codes: [
                "429", "rate_limit", "rate_limit_error", "rate_limit_exceeded",
                "resource_exhausted", "RESOURCE_EXHAUSTED",
            ]),
        FailureRule(
            "any/network", .network,
            [
                "econnrefused", "econnreset", "enotfound", "etimedout", "eai_again",
                "could not resolve host", "name or service not known",
                "temporary failure in name resolution", "connection refused", "connection reset",
                "network is unreachable", "connection error", "error sending request for url",
                "stream disconnected before completion", "fetch failed", "socket hang up",
                "tls handshake", "apiconnectionerror", "unable to connect to api",
                "dns error", "request timed out", "no route to host",
            ], codes: ["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "connection_error"]),

        // What the dialogues themselves find out.
        FailureRule("skep/policy", .policyViolation, codes: ["policy_violation"]),
        FailureRule("skep/version", .wrongVersion, codes: ["wrong_version"]),
        FailureRule("skep/resume", .sessionGone, codes: [AgentTrouble.resumeFailed]),

        // The machine and the program. Whether it was the machine's disk is seen there, not here.
        FailureRule(
            "any/disk-full", .diskLimit,
            [
                "no space left on device", "enospc", "disk quota exceeded",
                "database or disk is full",
            ],
            codes: ["ENOSPC"]),
        FailureRule(
            "any/memory", .outOfMemory,
            [
                "javascript heap out of memory", "cannot allocate memory",
                "fatal error: out of memory", "memory allocation of * bytes failed",
            ], in: [.errorOutput]),
        FailureRule(
            "any/processes", .tooManyProcesses,
            [
                "fork: resource temporarily unavailable", "fork: retry: resource temporarily",
                "can't start new thread",
            ], in: [.errorOutput]),
        FailureRule(
            "any/wrong-version", .wrongVersion,
            [
                "unknown option", "unrecognized option", "unrecognized argument",
                "unrecognized arguments:", "unexpected argument '", "unknown argument",
                "no such option", "unknown command", "unrecognized subcommand",
                "unsupported protocol version", "invalid option", "method not found",
                "no longer maintained",
            ], codes: ["-32601"], in: [.problem, .errorOutput]),
        FailureRule(
            "any/model", .startFailed,
            [
                "model_not_found", "issue with the selected model", "model * does not exist",
                "model * not found", "is not a supported model", "unknown model",
            ], codes: ["model_not_found"]),
        FailureRule(
            "any/interpreter", .missingProgram,
            ["env: * no such file or directory", "command not found"], in: [.errorOutput]),
    ]

    /// How Hermes tells that its provider said no, at once and after it has tried for a while.
    private static func hermes(_ status: String, _ more: String = "") -> [String] {
        ["http \(status): \(more)", "api call failed after * http \(status): \(more)"]
    }
}
