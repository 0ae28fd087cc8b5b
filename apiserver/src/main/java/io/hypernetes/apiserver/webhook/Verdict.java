package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.ApiStatus;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// What follows when a bound policy finds something wrong.
///
/// @param actions `Deny`, `Warn`, `Audit`
record Verdict(PolicyHead policy, String binding, JsonNode actions, Attempt attempt) {
    private static final Logger log = LoggerFactory.getLogger(Verdict.class);

    /// An expression could not be evaluated.
    void failed(String why) {
        if (!policy.ignoresFailure()) {
            denied("", why);
        }
    }

    /// A validation does not hold.
    ///
    /// @throws io.hypernetes.objects.ApiException when the binding denies what does not
    void denied(String reason, String message) {
        for (var action : actions) {
            switch (action.asString("")) {
                case "Warn" ->
                    attempt.warn().accept("Validation failed for ValidatingAdmissionPolicy '" + policy.name() + "' with binding '"
                            + binding + "': " + message);
                case "Audit" ->
                    log.info(
                            "event=policy-audit tenant={} policy={} binding={} user={} operation={} resource={} name={} message={}",
                            attempt.tenant(),
                            policy.name(),
                            binding,
                            attempt.caller().user(),
                            attempt.operation(),
                            attempt.kind().type().qualifiedResource(),
                            attempt.name(),
                            message);
                default -> {}
            }
        }
        for (var action : actions) {
            if (action.asString("").equals("Deny")) {
                throw status(reason, message).asException();
            }
        }
    }

    private ApiStatus status(String reason, String message) {
        var type = attempt.kind().type();
        var text = "ValidatingAdmissionPolicy '" + policy.name() + "' with binding '" + binding + "' denied request: " + message;
        int code = switch (reason) {
            case "Unauthorized" -> 401;
            case "Forbidden" -> 403;
            case "RequestEntityTooLarge" -> 413;
            default -> 422;
        };
        var forbidden = ApiStatus.forbidden(type.group(), type.resource(), attempt.name(), text);
        return new ApiStatus(
                code,
                reason.isEmpty() ? "Invalid" : reason,
                forbidden.message(),
                new ApiStatus.Details(
                        type.group(), type.resource(), attempt.name(), "", List.of(new ApiStatus.Cause("", text, "")), 0));
    }
}
