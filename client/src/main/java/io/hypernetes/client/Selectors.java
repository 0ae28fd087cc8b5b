package io.hypernetes.client;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.hypernetes.objects.selector.LabelSelector;
import io.hypernetes.objects.selector.LabelSelector.Operator;
import io.hypernetes.objects.selector.LabelSelector.Requirement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Label selectors of the typed model, ready to be matched.
public final class Selectors {
    private Selectors() {}

    /// Empty for a selector that is absent, which selects nothing, or holds an operator nobody knows, which cannot be stored. The empty
    /// selector selects everything.
    public static Optional<LabelSelector> of(io.fabric8.kubernetes.api.model.@Nullable LabelSelector selector) {
        if (selector == null) {
            return Optional.empty();
        }
        List<Requirement> requirements = new ArrayList<>();
        if (selector.getMatchLabels() != null) {
            requirements.addAll(LabelSelector.ofLabels(selector.getMatchLabels()).requirements());
        }
        if (selector.getMatchExpressions() != null) {
            for (LabelSelectorRequirement expression : selector.getMatchExpressions()) {
                Operator operator = operator(expression.getOperator());
                if (operator == null) {
                    return Optional.empty();
                }
                requirements.add(new Requirement(
                        expression.getKey(), operator, expression.getValues() == null ? List.of() : expression.getValues()));
            }
        }
        return Optional.of(new LabelSelector(requirements));
    }

    private static @Nullable Operator operator(@Nullable String name) {
        return switch (name) {
            case "In" -> Operator.IN;
            case "NotIn" -> Operator.NOT_IN;
            case "Exists" -> Operator.EXISTS;
            case "DoesNotExist" -> Operator.NOT_EXISTS;
            case null, default -> null;
        };
    }

    /// The labels of an object; never null.
    public static Map<String, String> labelsOf(HasMetadata object) {
        Map<String, String> labels = object.getMetadata().getLabels();
        return labels == null ? Map.of() : labels;
    }
}
