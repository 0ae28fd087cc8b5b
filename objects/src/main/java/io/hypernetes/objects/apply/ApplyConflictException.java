package io.hypernetes.objects.apply;

import io.hypernetes.objects.ApiStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// An applied configuration wants other values for fields that somebody else owns.
public final class ApplyConflictException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<Conflict> conflicts;

    /// One field and its owner.
    record Conflict(ManagedFields.Manager manager, List<String> path) {}

    ApplyConflictException(List<Conflict> conflicts) {
        super("conflicts with other managers", null, false, false);
        this.conflicts = List.copyOf(conflicts);
    }

    /// The answer to the client: 409 with one cause for each field and owner.
    public ApiStatus status() {
        List<ApiStatus.Cause> causes = new ArrayList<>();
        Map<String, List<String>> byManager = new TreeMap<>();
        for (Conflict conflict : conflicts) {
            String path = PathElement.print(conflict.path());
            causes.add(new ApiStatus.Cause("FieldManagerConflict", "conflict with " + conflict.manager().text(), path));
            byManager.computeIfAbsent(conflict.manager().text(), _ -> new ArrayList<>()).add(path);
        }
        String message;
        if (causes.size() == 1) {
            message = "Apply failed with 1 conflict: " + causes.getFirst().message() + ": "
                    + causes.getFirst().field();
        } else {
            List<String> lines = new ArrayList<>();
            byManager.forEach((manager, paths) -> {
                lines.add("conflicts with " + manager + ":");
                paths.forEach(path -> lines.add("- " + path));
            });
            message = "Apply failed with " + causes.size() + " conflicts: " + String.join("\n", lines);
        }
        return new ApiStatus(409, "Conflict", message, new ApiStatus.Details("", "", "", "", causes, 0));
    }
}
