package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// DeviceClasses: validateDeviceClassSpec of upstream's `pkg/apis/resource/validation/validation.go`.
final class DeviceClassRules implements KindRules {
    private static final int MOST = 32;

    @Override
    public boolean countsGeneration() {
        return true;
    }

    @Override
    public void validate(ObjectNode type, Errors errors) {
        ObjectNode spec = WorkloadValidation.spec(type);
        DeviceValidation.selectors(DeviceValidation.several(spec, "selectors", MOST, "spec", errors), "spec.selectors", errors);
        List<ObjectNode> configurations = DeviceValidation.several(spec, "config", MOST, "spec", errors);
        for (int i = 0; i < configurations.size() && !errors.isFull(); i++) {
            DeviceValidation.configuration(configurations.get(i), "spec.config[" + i + "]", errors);
        }
        if (Json.present(spec.get("extendedResourceName"))) {
            String name = Json.string(spec, "extendedResourceName");
            if (!ResourceNames.isExtended(name)) {
                errors.invalid("spec.extendedResourceName", name, "must be a valid extended resource name");
            }
        }
    }
}
