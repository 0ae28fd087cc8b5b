package io.hypernetes.apiserver.webhook;

import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What follows when a bound policy finds something wrong. It is answered once all policies have been asked.
///
/// @param actions `Deny`, `Warn`, `Audit`
/// @param findings takes what is to be answered
record Verdict(PolicyHead policy, String binding, JsonNode actions, Attempt attempt, Findings findings) {
    /// More has no room in an answer's headers, in characters.
    private static final int LONGEST_WARNING = 4 << 10;

    private static final String FAILURE = "validation.policy.admission.k8s.io/validation_failure";

    /// What all policies found wrong with one attempt. Only the first denial is ever answered, and only the first failure is told for the audit: a request may meet
    /// ten thousand, so nothing is made of the others. For one thread.
    static final class Findings {
        private @Nullable ApiStatus denial;
        private boolean told;

        /// What to answer; null when nothing was denied.
        @Nullable ApiStatus denial() {
            return denial;
        }
    }

    /// An expression could not be evaluated.
    void failed(String why) {
        failed(0, why);
    }

    /// An expression could not be evaluated.
    ///
    /// @param index of the validation among the policy's
    void failed(int index, String why) {
        if (!policy.ignoresFailure()) {
            denied(index, "", why);
        }
    }

    /// What a policy says for whoever reads of the request could not be evaluated: that denies it, whatever its binding does.
    void unsaid(String why) {
        if (!policy.ignoresFailure()) {
            deny("", why);
        }
    }

    /// A validation does not hold.
    ///
    /// @param index its place among the policy's
    void denied(int index, String reason, String message) {
        for (var action : actions) {
            switch (action.asString("")) {
                case "Warn" ->
                    attempt.warn().accept("Validation failed for ValidatingAdmissionPolicy '" + policy.name() + "' with binding '"
                            + binding + "': " + Cut.to(LONGEST_WARNING, message, ""));
                case "Audit" -> {
                    if (!findings.told) {
                        findings.told = true;
                        attempt.annotate().accept(FAILURE, Json.print(Json.array().add(failure(index, message))));
                    }
                }
                default -> {}
            }
        }
        for (var action : actions) {
            if (action.asString("").equals("Deny")) {
                deny(reason, message);
            }
        }
    }

    private void deny(String reason, String message) {
        if (findings.denial == null) {
            findings.denial = status(reason, message);
        }
    }

    private ObjectNode failure(int index, String message) {
        var told = Json.object();
        told.put("message", message).put("policy", policy.name()).put("binding", binding).put("expressionIndex", index);
        told.set("validationActions", actions);
        return told;
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
