package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.http.Exchange;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.FieldError;
import java.util.ArrayList;
import java.util.Optional;
import java.util.regex.Pattern;

/// What of a log is asked for, as ValidatePodLogOptions of upstream's `pkg/apis/core/validation/validation.go`. Streams cannot be told apart: upstream's gate
/// PodLogsQuerySplitStreams is shut.
final class LogForm {
    private static final String POSITIVE = "must be greater than 0";
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+");

    private LogForm() {}

    /// @param pod the name of the pod whose log it is
    /// @throws io.hypernetes.objects.ApiException 400 when what shall be a number is none; 422 when the options are wrong
    static void check(Exchange http, String pod) {
        var since = number(http, "sinceSeconds");
        var tail = number(http, "tailLines");
        var limit = number(http, "limitBytes");
        var errors = new ArrayList<FieldError>();
        tail.filter(lines -> lines < 0).ifPresent(lines -> errors.add(FieldError.invalid("tailLines", lines, "must be greater than or equal to 0")));
        limit.filter(bytes -> bytes < 1).ifPresent(bytes -> errors.add(FieldError.invalid("limitBytes", bytes, POSITIVE)));
        if (since.isPresent() && !http.queries("sinceTime").isEmpty()) {
            // So Go shows a path that is empty.
            errors.add(FieldError.forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"));
        } else {
            since.filter(seconds -> seconds < 1).ifPresent(seconds -> errors.add(FieldError.invalid("sinceSeconds", seconds, POSITIVE)));
        }
        if (!http.queries("stream").isEmpty()) {
            errors.add(FieldError.forbidden("stream", "may not be specified"));
        }
        if (!errors.isEmpty()) {
            throw ApiStatus.invalid("", "PodLogOptions", pod, errors).asException();
        }
    }

    private static Optional<Long> number(Exchange http, String name) {
        var values = http.queries(name);
        if (values.isEmpty()) {
            return Optional.empty();
        }
        var text = values.getFirst();
        boolean isNumber = NUMBER.matcher(text).matches();
        try {
            if (isNumber) {
                return Optional.of(Long.parseLong(text));
            }
        } catch (NumberFormatException tooLarge) {
            // Told below.
        }
        throw ApiStatus.badRequest("strconv.ParseInt: parsing " + FieldError.quoted(text) + ": " + (isNumber ? "value out of range" : "invalid syntax"))
                .asException();
    }
}
