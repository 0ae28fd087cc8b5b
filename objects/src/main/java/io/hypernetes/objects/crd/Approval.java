package io.hypernetes.objects.crd;

import io.hypernetes.objects.Json;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// Whether a definition in a group of the Kubernetes community says who approved it.
///
/// @param reason the sentence about it
public record Approval(State state, String reason) {
    /// The annotation that says so.
    public static final String ANNOTATION = "api-approved.kubernetes.io";

    private static final String SEE = ", see https://github.com/kubernetes/enhancements/pull/1111";

    /// What the annotation says.
    public enum State {
        APPROVED("ApprovedAnnotation"),
        UNAPPROVED("UnapprovedAnnotation"),
        MISSING("MissingAnnotation"),
        INVALID("InvalidAnnotation");

        private final String text;

        State(String text) {
            this.text = text;
        }

        /// The spelling in conditions.
        public String text() {
            return text;
        }
    }

    /// The approval of a definition; null when its group needs none.
    public static @Nullable Approval of(ObjectNode definition) {
        String group = "." + Json.string(definition, "spec", "group");
        if (!group.endsWith(".k8s.io") && !group.endsWith(".kubernetes.io")) {
            return null;
        }
        String said = Json.string(definition, "metadata", "annotations", ANNOTATION);
        String needed = "protected groups must have approval annotation \"" + ANNOTATION + "\"";
        if (said.isEmpty()) {
            return new Approval(State.MISSING, needed + SEE);
        }
        if (said.startsWith("unapproved")) {
            return new Approval(State.UNAPPROVED, "not approved: \"" + said + "\"");
        }
        return isAddress(said)
                ? new Approval(State.APPROVED, "approved in " + said)
                : new Approval(State.INVALID, needed + " with either a URL or a reason starting with \"unapproved\"" + SEE);
    }

    private static boolean isAddress(String text) {
        try {
            URI address = new URI(text);
            return address.getScheme() != null && address.getHost() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }
}
