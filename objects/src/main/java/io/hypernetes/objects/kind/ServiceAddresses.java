package io.hypernetes.objects.kind;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Whether the addresses of a service inside the cluster and their families fit together: ValidateServiceClusterIPsRelatedFields of upstream's
/// `pkg/apis/core/validation/validation.go`. Whoever gives addresses asks first, as what is malformed cannot be given.
public final class ServiceAddresses {
    private static final List<String> FAMILIES = List.of("IPv4", "IPv6");
    private static final List<String> POLICIES = List.of("PreferDualStack", "RequireDualStack", "SingleStack");
    private static final int MOST = 2;

    private ServiceAddresses() {}

    /// What is wrong with them; empty when nothing is.
    public static List<FieldError> faults(ObjectNode service) {
        Errors errors = new Errors();
        validate(WorkloadValidation.spec(service), errors);
        return errors.list();
    }

    /// Whether a service has no address, and says so.
    static boolean isHeadless(JsonNode spec) {
        JsonNode all = spec.path("clusterIPs");
        return all.size() == 1 && all.path(0).asString("").equals("None");
    }

    static void validate(ObjectNode spec, Errors errors) {
        if (Json.string(spec, "type").equals("ExternalName")) {
            return;
        }
        JsonNode all = spec.path("clusterIPs");
        one(Json.string(spec, "clusterIP"), all, errors);
        families(spec, errors);
        boolean wrong = false;
        for (int i = 0; i < all.size() && !errors.isFull(); i++) {
            String address = all.path(i).asString("");
            if (i == 0 && address.equals("None")) {
                if (all.size() > 1) {
                    wrong = true;
                    errors.invalid("spec.clusterIPs", all, "'None' must be the first and only value");
                }
                continue;
            }
            List<String> problems = Addresses.address(address);
            wrong |= !problems.isEmpty();
            errors.invalid("spec.clusterIPs[" + i + "]", address, problems);
        }
        if (all.size() > MOST) {
            errors.invalid("spec.clusterIPs", all, "may only hold up to 2 values");
        }
        if (!wrong) {
            together(spec, all, errors);
        }
    }

    private static void one(String address, JsonNode all, Errors errors) {
        if (address.isEmpty()) {
            if (!all.isEmpty()) {
                errors.invalid("spec.clusterIPs", all, "must be empty when `clusterIP` is not specified");
            }
        } else if (all.isEmpty()) {
            errors.required("spec.clusterIPs", "");
        } else if (!all.path(0).asString("").equals(address)) {
            errors.invalid("spec.clusterIPs", all, "first value must match `clusterIP`");
        }
    }

    private static void families(ObjectNode spec, Errors errors) {
        Set<String> seen = new HashSet<>();
        JsonNode families = spec.path("ipFamilies");
        for (int i = 0; i < families.size() && !errors.isFull(); i++) {
            String family = families.path(i).asString("");
            errors.oneOf("spec.ipFamilies[" + i + "]", family, FAMILIES);
            if (!seen.add(family)) {
                errors.duplicate("spec.ipFamilies[" + i + "]", family);
            }
        }
        if (Json.present(spec.get("ipFamilyPolicy"))) {
            errors.oneOf("spec.ipFamilyPolicy", Json.string(spec, "ipFamilyPolicy"), POLICIES);
        }
    }

    /// What is asked of well-formed addresses.
    private static void together(ObjectNode spec, JsonNode all, Errors errors) {
        if (all.size() > 1) {
            Set<Boolean> kinds = new HashSet<>();
            all.forEach(address -> kinds.add(isV6(address)));
            if (all.size() != MOST || kinds.size() != MOST) {
                errors.invalid("spec.clusterIPs", all, "may specify no more than one IP for each IP family");
            }
        }
        JsonNode families = spec.path("ipFamilies");
        if (isHeadless(spec)) {
            return;
        }
        for (int i = 0; i < Math.min(all.size(), families.size()); i++) {
            String family = families.path(i).asString("");
            if (FAMILIES.contains(family) && family.equals("IPv6") != isV6(all.path(i))) {
                String expected = "expected an %s value as indicated by `ipFamilies[%d]`".formatted(family, i);
                errors.invalid("spec.clusterIPs[" + i + "]", all.path(i).asString(""), expected);
            }
        }
    }

    private static boolean isV6(JsonNode address) {
        return address.asString("").contains(":");
    }
}
