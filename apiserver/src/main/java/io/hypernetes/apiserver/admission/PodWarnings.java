package io.hypernetes.apiserver.admission;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.kind.PodTemplates;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
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
        if (!above.isEmpty()) {
            unserved(pod, path, warn);
        }
        appArmor.tell("AppArmor, and the runtime's default profile is none", warn);
        seLinux.tell("SELinux, so nothing is labelled", warn);
    }

    /// The template is taken, since installers stop at the first object that is not; its maker hears now what else only events would say.
    private static void unserved(JsonNode template, String path, Consumer<String> warn) {
        var told = new ArrayList<String>();
        var more = new AtomicInteger();
        PodTemplates.unserved(template, path, error -> {
            if (told.size() < MOST_PLACES) {
                told.add(error.text());
            } else {
                more.incrementAndGet();
            }
        });
        if (!told.isEmpty()) {
            warn.accept("no pod will be made of this template: " + String.join("; ", told) + (more.get() > 0 ? "; and " + more + " more" : ""));
        }
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
