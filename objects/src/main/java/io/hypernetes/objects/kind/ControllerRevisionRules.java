package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// ControllerRevisions.
final class ControllerRevisionRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .cell("Controller", "Whose revision it is.", ControllerRevisionRules::controller)
            .count("Revision", "The number of the revision.", "revision")
            .age();

    @Override
    public void validate(ObjectNode revision, Errors errors) {
        if (!Json.present(revision.get("data"))) {
            errors.required("data", "data is mandatory");
        }
        errors.notNegative("revision", Json.number(revision, 0, "revision"));
    }

    @Override
    public void validateUpdate(ObjectNode revision, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (!revision.path("data").equals(old.path("data"))) {
            errors.invalid("data", revision.path("data"), WorkloadValidation.IMMUTABLE);
        }
    }

    private static String controller(ObjectNode revision) {
        for (ObjectNode owner : Json.objects(revision.path("metadata"), "ownerReferences")) {
            if (Json.flag(owner, "controller")) {
                String version = Json.string(owner, "apiVersion");
                int slash = version.indexOf('/');
                String kind = Json.string(owner, "kind").toLowerCase(Locale.ROOT);
                return (slash < 0 ? kind : kind + "." + version.substring(0, slash)) + "/" + Json.string(owner, "name");
            }
        }
        return "<none>";
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
