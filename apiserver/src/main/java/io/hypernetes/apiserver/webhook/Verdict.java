package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.ApiStatus;
import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What follows when a bound policy finds something wrong. It is answered once all policies have been asked.
///
/// @param actions `Deny`, `Warn`, `Audit`
/// @param denials takes what is to be answered
record Verdict(PolicyHead policy, String binding, JsonNode actions, Attempt attempt, List<ApiStatus> denials) {
    private static final String FAILURE = "validation.policy.admission.k8s.io/validation_failure";

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
            denials.add(status("", why));
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
                            + binding + "': " + message);
                case "Audit" -> attempt.annotate().accept(FAILURE, Json.print(Json.array().add(failure(index, message))));
                default -> {}
            }
        }
        for (var action : actions) {
            if (action.asString("").equals("Deny")) {
                denials.add(status(reason, message));
            }
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
