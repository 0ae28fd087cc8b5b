package io.hypernetes.objects.kind;

import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// What a security context says of the modules of a kernel: the same rules for a pod and for one of its containers. A profile that nothing here
/// would enforce is refused, never taken and forgotten.
final class SecurityProfiles {
    private static final String LOCALHOST = "Localhost";
    private static final List<String> TYPES = List.of(LOCALHOST, "RuntimeDefault", "Unconfined");

    private SecurityProfiles() {}

    /// @param at the path of the context
    static void validate(JsonNode context, String at, Errors errors) {
        profile(context.path("seccompProfile"), at + ".seccompProfile", "seccomp", errors);
        if (profile(context.path("appArmorProfile"), at + ".appArmorProfile", "AppArmor", errors)) {
            errors.unserved(
                    at + ".appArmorProfile",
                    "the kernel of a pod's machine has no AppArmor, so nothing would enforce this profile; use seccompProfile, capabilities and readOnlyRootFilesystem,"
                            + " and leave out appArmorProfile");
        }
        String change = Json.string(context, "seLinuxChangePolicy");
        if (!change.isEmpty()) {
            errors.oneOf(at, ".seLinuxChangePolicy", change, List.of("MountOption", "Recursive"));
        }
        if (context.path("windowsOptions").isObject()) {
            errors.unserved(at + ".windowsOptions", "windows options cannot be set for a linux pod, and every node here runs linux");
        }
    }

    /// Returns whether a profile of the node's own is asked for, in a form that could be had.
    private static boolean profile(JsonNode profile, String at, String what, Errors errors) {
        if (!profile.isObject()) {
            return false;
        }
        String type = Json.string(profile, "type");
        String file = Json.string(profile, "localhostProfile");
        if (type.isEmpty()) {
            errors.required(at + ".type", "type is required when " + at.substring(at.lastIndexOf('.') + 1) + " is set");
            return false;
        }
        errors.oneOf(at, ".type", type, TYPES);
        if (type.equals(LOCALHOST) && file.isEmpty()) {
            errors.required(at + ".localhostProfile", "must be set when " + what + " type is Localhost");
        } else if (!type.equals(LOCALHOST) && !file.isEmpty()) {
            errors.invalid(at + ".localhostProfile", file, "can only be set when " + what + " type is Localhost");
        }
        return type.equals(LOCALHOST) && !file.isEmpty();
    }
}
