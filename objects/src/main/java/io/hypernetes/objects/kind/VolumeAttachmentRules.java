package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/// VolumeAttachments.
final class VolumeAttachmentRules implements KindRules {
    private static final Layout LAYOUT = Layout.named()
            .value(new Column("Attacher", "string", "name", "The driver that attaches it.", 0), each -> Json.text(Json.string(each, "spec", "attacher")))
            .text("PV", "The volume.", "spec", "source", "persistentVolumeName")
            .text("Node", "Where it is attached.", "spec", "nodeName")
            .flag("Attached", "Whether it is attached.", "status", "attached")
            .age();

    @Override
    public void validate(ObjectNode attachment, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(attachment);
        String attacher = Json.string(spec, "attacher");
        if (attacher.isEmpty()) {
            errors.required("spec.attacher", "");
        } else {
            errors.invalid("spec.attacher", attacher, Names.qualified(attacher.toLowerCase(Locale.ROOT)));
        }
        boolean inline = spec.path("source").path("inlineVolumeSpec").isObject();
        boolean named = !Json.string(spec, "source", "persistentVolumeName").isEmpty();
        if (inline == named) {
            errors.required("spec.source", "must specify exactly one of inlineVolumeSpec and persistentVolumeName");
        }
        if (Json.string(spec, "nodeName").isEmpty()) {
            errors.required("spec.nodeName", "");
        }
    }

    @Override
    public void validateUpdate(ObjectNode attachment, ObjectNode old, @Nullable String subresource, Errors errors) {
        if (subresource == null && !attachment.path("spec").equals(old.path("spec"))) {
            errors.invalid("spec", attachment.path("spec"), WorkloadValidation.IMMUTABLE);
        }
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
