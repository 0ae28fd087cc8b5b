package io.hypernetes.objects.patch;

import io.hypernetes.objects.ApiStatus;

/// A patch that cannot be read or applied; [#status] is what to answer.
public final class PatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final int code;

    private final boolean test;

    private PatchException(int code, String message, boolean test) {
        super(message);
        this.code = code;
        this.test = test;
    }

    private PatchException(int code, String message) {
        this(code, message, false);
    }

    /// The object is not as the patch's own `test` wants it (422).
    static PatchException differs(String message) {
        return new PatchException(422, message, true);
    }

    /// Whether nothing is wrong but that a `test` of the patch does not hold.
    public boolean isFailedTest() {
        return test;
    }

    /// The patch itself makes no sense (400).
    static PatchException malformed(String message) {
        return new PatchException(400, message);
    }

    /// The patch makes sense but not for this object (422).
    static PatchException inapplicable(String message) {
        return new PatchException(422, message);
    }

    /// The patch is larger than allowed (413).
    static PatchException tooLarge(String message) {
        return new PatchException(413, message);
    }

    /// What to answer.
    public ApiStatus status() {
        String message = String.valueOf(getMessage());
        return switch (code) {
            case 413 -> ApiStatus.tooLarge(message);
            case 422 -> new ApiStatus(
                    422, "Invalid", "the server rejected our request due to an error in our request: " + message, null);
            default -> ApiStatus.badRequest(message);
        };
    }
}
