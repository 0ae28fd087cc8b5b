package io.hypernetes.client;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.kind.Kinds;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// What a [FakeApi] refuses to be told in a status: what the API refuses.
final class FakeRules {
    private static final Kinds KINDS = Kinds.load();

    private FakeRules() {}

    /// Objects of kinds that tenants define themselves may say anything.
    static void checkStatus(FakePath path, ObjectNode updated, ObjectNode old) {
        String[] parts = path.prefix().split("/");
        var kind = KINDS.find(parts.length > 3 ? parts[2] : "", parts[parts.length - 1], path.plural());
        if (kind == null) {
            return;
        }
        // Tests leave out what the API would have filled in.
        ObjectNode before = old.deepCopy();
        ObjectNode now = updated.deepCopy();
        kind.setDefaults(before);
        kind.setDefaults(now);
        List<FieldError> wrong = kind.validateUpdate(now, before, "status");
        if (!wrong.isEmpty()) {
            throw new FakeObjects.Refused(422, "Invalid", kind.invalid(now, wrong).message());
        }
    }
}
