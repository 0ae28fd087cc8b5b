package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a pod asks for that is taken and means nothing, or less than on a node without machines, and what upstream warns of: told to whoever
/// writes it, with the places.
public final class PodWarnings {
    private static final int MOST_PLACES = 10;

    private PodWarnings() {}

    /// @param pod or a pod template
    /// @param above where its parts stand in the object, ending in a dot unless it is the object
    public static void tell(JsonNode pod, String above, Consumer<String> warn) {
        JsonNode spec = pod.path("spec");
        String path = above + "spec";
        UsualPodWarnings.tell(pod.path("metadata"), spec, above, warn);
        Places appArmor = new Places();
        Places seLinux = new Places();
        look(spec.path("securityContext"), () -> path, appArmor, seLinux);
        for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
            List<ObjectNode> containers = Json.objects(spec, list);
            for (int i = 0; i < containers.size(); i++) {
                int index = i;
                look(containers.get(i).path("securityContext"), () -> path + "." + list + "[" + index + "]", appArmor, seLinux);
            }
        }
        appArmor.tell("AppArmor, and the runtime's default profile is none", warn);
        seLinux.tell("SELinux, so nothing is labelled", warn);
    }

    private static void look(JsonNode context, Supplier<String> at, Places appArmor, Places seLinux) {
        if (Json.string(context, "appArmorProfile", "type").equals("RuntimeDefault")) {
            appArmor.add(at, ".securityContext.appArmorProfile");
        }
        if (!context.path("seLinuxOptions").isEmpty()) {
            seLinux.add(at, ".securityContext.seLinuxOptions");
        }
    }

    /// Where something stands: the first places by name, the others counted.
    private static final class Places {
        private final List<String> named = new ArrayList<>();
        private int more;

        void add(Supplier<String> at, String field) {
            if (named.size() < MOST_PLACES) {
                named.add(at.get() + field);
            } else {
                more++;
            }
        }

        void tell(String what, Consumer<String> warn) {
            if (!named.isEmpty()) {
                warn.accept(String.join(", ", named) + (more > 0 ? " and " + more + " more" : "")
                        + ": the kernel of a pod's machine has no " + what + "; it is the machine that keeps the pod from its host");
            }
        }
    }
}
