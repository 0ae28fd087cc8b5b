package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.request.Cut;

/// What is shown of a text that a tenant wrote as long as it liked.
final class Excerpt {
    /// As much of an expression as an answer tells of it: upstream tells all of it, but there may be ten thousand evaluations of one of a megabyte.
    private static final int LONGEST = 512;

    private Excerpt() {}

    /// The beginning of an expression, or of what is said of it; the whole when it is short.
    static String of(String text) {
        return Cut.to(LONGEST, text, "...");
    }
}
