package io.hypernetes.apiserver.resource;

import io.hypernetes.apiserver.request.Cut;
import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import io.hypernetes.objects.Repeats;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// What is odd about the operations of a JSON patch themselves: members that no operation has, and members that one has twice (`applyJSPatch` of
/// apiserver's endpoints/handlers/patch.go). One use each.
final class PatchOperations {
    private static final Set<String> MEMBERS = Set.of("op", "path", "from", "value");
    private static final int MOST = 100;
    /// Characters of the name of a member that is told.
    private static final int LONGEST = 640;

    private final List<String> found = new ArrayList<>();

    private PatchOperations() {}

    /// Such as `json patch unknown field "[0].foo"`, in the order of the text.
    static List<String> oddities(Json.Document patch) {
        var whole = patch.repeats() instanceof Repeats.Inside inside ? inside.whole() : null;
        var operations = new PatchOperations();
        for (int i = 0; i < patch.root().size(); i++) {
            operations.operation(patch.root().path(i), "[" + i + "]", whole == null ? null : whole.element(i));
        }
        return operations.found;
    }

    private void operation(JsonNode operation, String at, Repeats.@Nullable Way way) {
        for (var name : operation.propertyNames()) {
            if (!MEMBERS.contains(name)) {
                tell("unknown", at, name);
                continue;
            }
            var on = way == null ? null : way.member(name);
            if (on != null) {
                repeated(operation.path(name), at, name, on);
            }
        }
    }

    private void repeated(JsonNode value, String above, String name, Repeats.Way on) {
        if (on.repeated()) {
            tell("duplicate", above, name);
        }
        var at = above + "." + cut(name);
        if (at.length() > LONGEST) {
            return;
        }
        within(value, at, on);
    }

    private void within(JsonNode value, String at, Repeats.Way on) {
        for (var name : value.propertyNames()) {
            var next = on.member(name);
            if (next != null) {
                repeated(value.path(name), at, name, next);
            }
        }
        for (int i = 0; value.isArray() && i < value.size(); i++) {
            var next = on.element(i);
            if (next != null) {
                within(value.path(i), at + "[" + i + "]", next);
            }
        }
    }

    private void tell(String what, String at, String name) {
        if (found.size() < MOST) {
            found.add("json patch " + what + " field " + FieldError.quoted(at + "." + cut(name)));
        }
    }

    private static String cut(String name) {
        return Cut.to(LONGEST, name, "...");
    }
}
