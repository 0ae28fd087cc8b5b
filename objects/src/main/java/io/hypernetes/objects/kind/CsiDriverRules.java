package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Names;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// CSIDrivers.
final class CsiDriverRules implements KindRules {
    private static final int LONGEST_NAME = 63;
    private static final long SHORTEST_PERIOD_SECONDS = 10;
    private static final long SHORTEST_TOKEN_SECONDS = 600;
    private static final Layout LAYOUT = Layout.named()
            .flag("AttachRequired", "Whether volumes are attached to nodes.", "spec", "attachRequired")
            .flag("PodInfoOnMount", "Whether the driver is told of the pod.", "spec", "podInfoOnMount")
            .flag("StorageCapacity", "Whether the scheduler looks at free capacity.", "spec", "storageCapacity")
            .cell("TokenRequests", "The audiences of the tokens that it is given.", d -> {
                List<ObjectNode> tokens = Json.objects(d.path("spec"), "tokenRequests");
                return tokens.isEmpty()
                        ? "<unset>"
                        : tokens.stream().map(t -> Json.string(t, "audience")).collect(Collectors.joining(","));
            })
            .flag("RequiresRepublish", "Whether volumes are published again and again.", "spec", "requiresRepublish")
            .cell("Modes", "How its volumes live.", d -> Layout.list(Json.at(d, "spec", "volumeLifecycleModes")))
            .age();

    @Override
    public void defaults(ObjectNode driver) {
        ObjectNode spec = Json.child(driver, "spec");
        Json.setDefault(spec, "attachRequired", true);
        Json.setDefault(spec, "podInfoOnMount", false);
        Json.setDefault(spec, "storageCapacity", false);
        Json.setDefault(spec, "fsGroupPolicy", "ReadWriteOnceWithFSType");
        Json.setDefault(spec, "requiresRepublish", false);
        Json.setDefault(spec, "seLinuxMount", false);
        if (spec.path("volumeLifecycleModes").isEmpty()) {
            spec.putArray("volumeLifecycleModes").add("Persistent");
        }
    }

    @Override
    public boolean countsGeneration() {
        return true;
    }

    /// In the order of validateCSIDriverSpec of upstream's `pkg/apis/storage/validation/validation.go`.
    @Override
    public void validate(ObjectNode driver, Errors errors) {
        errors.oneOf(
                "spec.fsGroupPolicy", Json.string(driver, "spec", "fsGroupPolicy"), List.of("File", "None", "ReadWriteOnceWithFSType"));
        Set<String> audiences = new HashSet<>();
        List<ObjectNode> tokens = Json.objects(driver.path("spec"), "tokenRequests");
        for (int i = 0; i < tokens.size(); i++) {
            token(tokens.get(i), "spec.tokenRequests[" + i + "]", audiences, errors);
        }
        for (var mode : driver.path("spec").path("volumeLifecycleModes")) {
            errors.oneOf("spec.volumeLifecycleModes", mode.asString(""), List.of("Persistent", "Ephemeral"));
        }
        long period = Json.number(driver, SHORTEST_PERIOD_SECONDS, "spec", "nodeAllocatableUpdatePeriodSeconds");
        if (period < SHORTEST_PERIOD_SECONDS) {
            errors.invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, "must be greater than or equal to 10 seconds");
        }
        JsonNode secret = driver.path("spec").path("serviceAccountTokenInSecrets");
        if (Json.present(secret) && tokens.isEmpty()) {
            errors.invalid("spec.serviceAccountTokenInSecrets", secret, "serviceAccountTokenInSecrets is set but no tokenRequests are specified");
        }
    }

    private static void token(ObjectNode token, String at, Set<String> audiences, Errors errors) {
        String audience = Json.string(token, "audience");
        long seconds = Json.number(token, SHORTEST_TOKEN_SECONDS, "expirationSeconds");
        if (!audiences.add(audience)) {
            errors.duplicate(at + ".audience", audience);
        } else if (seconds < SHORTEST_TOKEN_SECONDS) {
            errors.invalid(at + ".expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        } else if (seconds > 1L << 32) {
            errors.invalid(at + ".expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        }
    }

    /// The name of a driver, where it is named.
    static void name(String name, String at, Errors errors) {
        if (name.isEmpty()) {
            errors.required(at, "");
        } else if (name.length() > LONGEST_NAME) {
            errors.add(FieldError.tooLong(at, LONGEST_NAME));
        }
        errors.invalid(at, name, Names.subdomain(name.toLowerCase(Locale.ROOT)));
    }

    @Override
    public void validateUpdate(ObjectNode driver, ObjectNode old, @Nullable String subresource, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(driver);
        if (Json.flag(spec, "attachRequired") != Json.flag(WorkloadValidation.spec(old), "attachRequired")) {
            // As upstream calls it.
            errors.invalid("spec.attachedRequired", spec.path("attachRequired"), WorkloadValidation.IMMUTABLE);
        }
        WorkloadValidation.immutable(spec, WorkloadValidation.spec(old), "spec", "volumeLifecycleModes", errors);
    }

    @Override
    public Layout layout() {
        return LAYOUT;
    }
}
