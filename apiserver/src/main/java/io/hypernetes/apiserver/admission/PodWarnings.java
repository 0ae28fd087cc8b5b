package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
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
        List<String> appArmor = new ArrayList<>();
        List<String> seLinux = new ArrayList<>();
        look(spec.path("securityContext"), path, appArmor, seLinux);
        for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
            List<ObjectNode> containers = Json.objects(spec, list);
            for (int i = 0; i < containers.size(); i++) {
                JsonNode context = containers.get(i).path("securityContext");
                if (!context.isEmpty()) {
                    look(context, path + "." + list + "[" + i + "]", appArmor, seLinux);
                }
            }
        }
        tell(appArmor, "AppArmor, and the runtime's default profile is none", warn);
        tell(seLinux, "SELinux, so nothing is labelled", warn);
    }

    private static void look(JsonNode context, String at, List<String> appArmor, List<String> seLinux) {
        if (Json.string(context, "appArmorProfile", "type").equals("RuntimeDefault")) {
            appArmor.add(at + ".securityContext.appArmorProfile");
        }
        if (!context.path("seLinuxOptions").isEmpty()) {
            seLinux.add(at + ".securityContext.seLinuxOptions");
        }
    }

    private static void tell(List<String> places, String what, Consumer<String> warn) {
        if (!places.isEmpty()) {
            String named = String.join(", ", places.subList(0, Math.min(MOST_PLACES, places.size())));
            warn.accept(named + (places.size() > MOST_PLACES ? " and " + (places.size() - MOST_PLACES) + " more" : "")
                    + ": the kernel of a pod's machine has no " + what + "; it is the machine that keeps the pod from its host");
        }
    }
}
