package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// VolumeAttachments.
final class VolumeAttachmentRules implements KindRules {
    private static final String EITHER = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
    private static final int METADATA_MAX_BYTES = 256 << 10;
    private static final int MESSAGE_MAX_BYTES = 1024;
    private static final Layout LAYOUT = Layout.named()
            .value(new Column("Attacher", "string", "name", "The driver that attaches it.", 0), each -> Json.text(Json.string(each, "spec", "attacher")))
            .text("PV", "The volume.", "spec", "source", "persistentVolumeName")
            .text("Node", "Where it is attached.", "spec", "nodeName")
            .flag("Attached", "Whether it is attached.", "status", "attached")
            .age();

    @Override
    public void validate(ObjectNode attachment, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(attachment);
        if (Json.string(spec, "attacher").isEmpty()) {
            errors.required("spec.attacher", "");
        }
        JsonNode source = spec.path("source");
        boolean inline = source.path("inlineVolumeSpec").isObject();
        boolean named = source.path("persistentVolumeName").isString();
        String volume = Json.string(source, "persistentVolumeName");
        if (!inline && !named) {
            errors.required("spec.source", EITHER);
        } else if (inline && named) {
            errors.forbidden("spec.source", EITHER);
        } else if (named && volume.isEmpty()) {
            errors.required("spec.source.persistentVolumeName", "must specify non empty persistentVolumeName");
        } else if (inline) {
            new PersistentVolumeValidation(source.path("inlineVolumeSpec"), "spec.source.inlineVolumeSpec", true, errors).run("");
        }
        String node = Json.string(spec, "nodeName");
        errors.invalid("spec.nodeName", node, Names.subdomain(node));
    }

    /// What upstream asks beyond that of those of this version when they are new: ValidateVolumeAttachmentV1 of `pkg/apis/storage/validation/validation.go`.
    @Override
    public void validateNew(ObjectNode attachment, Errors errors) {
        CsiDriverRules.name(Json.string(attachment, "spec", "attacher"), "spec.attacher", errors);
        JsonNode volume = attachment.path("spec").path("source").path("persistentVolumeName");
        if (volume.isString()) {
            errors.invalid("spec.source.persistentVolumeName", volume.stringValue(), Names.subdomain(volume.stringValue()));
        }
    }

    @Override
    public void validateStatus(ObjectNode attachment, ObjectNode old, Errors errors) {
        errors.addNew(now -> status(attachment.path("status"), now), before -> status(old.path("status"), before));
    }

    private static void status(JsonNode status, Errors errors) {
        long bytes = 0;
        for (var entry : status.path("attachmentMetadata").properties()) {
            bytes += MetadataValidation.bytes(entry.getKey()) + MetadataValidation.bytes(entry.getValue().asString(""));
        }
        if (bytes > METADATA_MAX_BYTES) {
            errors.add(FieldError.tooLong("status.attachmentMetadata", METADATA_MAX_BYTES));
        }
        for (String failure : List.of("attachError", "detachError")) {
            String at = "status." + failure;
            if (MetadataValidation.bytes(Json.string(status, failure, "message")) > MESSAGE_MAX_BYTES) {
                errors.add(FieldError.tooLong(at + ".message", MESSAGE_MAX_BYTES));
            }
            long code = Json.number(status, 0, failure, "errorCode");
            if (code < 0) {
                errors.invalid(at + ".errorCode", code, "must be between 0 and 2147483647, inclusive");
            }
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
