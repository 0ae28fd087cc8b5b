package io.hypernetes.apiserver.webhook;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.cel.Expression;
import io.hypernetes.objects.cel.ExpressionException;
import io.hypernetes.objects.cel.MutationLanguage;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// A compiled MutatingAdmissionPolicy.
record MutatingPolicy(PolicyHead head, List<Mutation> mutations) implements BoundPolicies.Compiled {
    record Mutation(MutationLanguage.Kind kind, Expression expression) {}

    static MutatingPolicy of(ObjectNode object) {
        try {
            var mutations = new ArrayList<Mutation>();
            for (var mutation : Json.objects(object.path("spec"), "mutations")) {
                var kind = MutationLanguage.Kind.of(mutation);
                mutations.add(new Mutation(kind, MutationLanguage.compile(kind, kind.expressionOf(mutation))));
            }
            return new MutatingPolicy(PolicyHead.of(object), List.copyOf(mutations));
        } catch (ExpressionException e) {
            return new MutatingPolicy(PolicyHead.broken(object, e.text()), List.of());
        }
    }

    boolean wantsAnotherLook() {
        return Json.string(head.spec(), "reinvocationPolicy").equals("IfNeeded");
    }
}
