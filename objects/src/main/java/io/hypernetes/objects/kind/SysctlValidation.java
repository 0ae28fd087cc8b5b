package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The names of a pod's kernel settings. Whether the pod's kernel has them is seen when it starts.
final class SysctlValidation {
    private static final int LONGEST = 253;
    private static final Pattern SEGMENT = Pattern.compile("[a-z0-9]([-_a-z0-9]*[a-z0-9])?");

    private SysctlValidation() {}

    static void validate(JsonNode spec, String path, Errors errors) {
        Set<String> seen = new HashSet<>();
        List<ObjectNode> sysctls = Json.objects(spec.path("securityContext"), "sysctls");
        for (int i = 0; i < sysctls.size(); i++) {
            String at = path + "[" + i + "].name";
            String name = Json.string(sysctls.get(i), "name");
            if (name.isEmpty()) {
                errors.required(at, "");
            } else if (!named(name)) {
                errors.invalid(at, name, "must have at most 253 characters and match regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?");
            } else if (!seen.add(name.replace('/', '.'))) {
                errors.duplicate(at, name);
            }
        }
    }

    /// Segment by segment: the whole expression over a hostile name would backtrack.
    private static boolean named(String name) {
        if (name.length() > LONGEST) {
            return false;
        }
        for (String segment : name.split("[./]", -1)) {
            if (!SEGMENT.matcher(segment).matches()) {
                return false;
            }
        }
        return true;
    }
}
