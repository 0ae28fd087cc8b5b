package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import java.util.List;

/// The query of a list or watch.
///
/// @param revision 0 when `resourceVersion` is absent or "0"
/// @param anyRevision whether `resourceVersion` is "0"
/// @param match `Exact`, `NotOlderThan` or empty
/// @param limit 0 for all
/// @param timeoutSeconds 0 when the server chooses
record ListOptions(
        long revision,
        boolean anyRevision,
        String match,
        int limit,
        String continueToken,
        long timeoutSeconds,
        boolean bookmarks,
        boolean sendInitialEvents) {

    static ListOptions of(Exchange http, boolean watch) {
        var revisionText = http.query("resourceVersion");
        long revision = number("resourceVersion", revisionText);
        var match = http.query("resourceVersionMatch");
        boolean initial = http.flag("sendInitialEvents");
        boolean initialGiven = !http.query("sendInitialEvents").isEmpty();
        var token = http.query("continue");
        if (!match.isEmpty() && !match.equals("Exact") && !match.equals("NotOlderThan")) {
            throw invalid(FieldError.notSupported("resourceVersionMatch", match, List.of("Exact", "NotOlderThan", "")));
        }
        if (watch) {
            if (initialGiven && !match.equals("NotOlderThan")) {
                throw invalid(FieldError.forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
            }
            if (!initialGiven && !match.isEmpty()) {
                throw invalid(FieldError.forbidden(
                        "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
            }
        } else {
            if (initialGiven) {
                throw invalid(FieldError.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
            }
            if (!match.isEmpty() && revisionText.isEmpty()) {
                throw invalid(FieldError.forbidden(
                        "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
            if (!match.isEmpty() && !token.isEmpty()) {
                throw invalid(FieldError.forbidden(
                        "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
            }
            if (match.equals("Exact") && revisionText.equals("0")) {
                throw invalid(FieldError.forbidden(
                        "resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
            if (!token.isEmpty() && revision != 0) {
                throw ApiStatus.badRequest("specifying resource version is not allowed when using continue").asException();
            }
        }
        return new ListOptions(
                revision,
                revisionText.equals("0"),
                match,
                (int) Math.min(Integer.MAX_VALUE, number("limit", http.query("limit"))),
                token,
                number("timeoutSeconds", http.query("timeoutSeconds")),
                http.flag("allowWatchBookmarks"),
                initial);
    }

    private static long number(String name, String text) {
        if (text.isEmpty()) {
            return 0;
        }
        try {
            long value = Long.parseLong(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Answered below like a negative number.
        }
        throw ApiStatus.badRequest("invalid " + name + ": \"" + text + "\" must be a number that is not negative")
                .asException();
    }

    private static RuntimeException invalid(FieldError error) {
        return ApiStatus.invalid("meta.k8s.io", "ListOptions", "", List.of(error)).asException();
    }
}
