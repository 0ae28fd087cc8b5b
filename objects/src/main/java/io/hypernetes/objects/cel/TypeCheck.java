package io.hypernetes.objects.cel;

import com.google.common.collect.ImmutableSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import io.hypernetes.objects.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What is wrong with the validations of an admission policy when the types of the objects that it is about are known, as upstream's
/// `pkg/admission/plugin/policy/validating/typechecking.go` of apiserver. It changes nothing of what the policy does.
public final class TypeCheck {
    private static final String VARIABLES = "variables";

    /// A kind that a policy is about.
    ///
    /// @param group empty for the core one
    public record Subject(String group, String version, String kind, CelType type) {
        @Override
        public String toString() {
            return group + "/" + version + ", Kind=" + kind;
        }
    }

    private final JsonNode spec;
    private final BooleanSupplier late;
    private final Map<Subject, Environment> environments = new LinkedHashMap<>();

    /// @param spec the policy's
    /// @param types has made those of the subjects and of the parameters
    /// @param late whether what was not looked at by now stays so
    public TypeCheck(JsonNode spec, ObjectTypes types, List<Subject> subjects, CelType params, BooleanSupplier late) {
        this.spec = spec;
        this.late = late;
        for (Subject subject : subjects) {
            if (!late.getAsBoolean()) {
                environments.put(subject, environment(types, subject, params));
            }
        }
    }

    @SuppressWarnings("Immutable") // The types of variables become known one after the other, each by those before it.
    private Environment environment(ObjectTypes types, Subject subject, CelType params) {
        Map<String, CelType> known = new HashMap<>();
        List<ObjectNode> own = Json.objects(spec, VARIABLES);
        StructType struct = StructType.create(
                "kubernetes." + VARIABLES,
                own.stream().map(variable -> Json.string(variable, "name")).collect(ImmutableSet.toImmutableSet()),
                name -> Optional.of(known.getOrDefault(name, SimpleType.DYN)));
        Map<String, CelType> names = new HashMap<>(Authorizer.variables());
        names.putAll(Map.of(
                "object", subject.type(),
                "oldObject", subject.type(),
                "params", params,
                "request", AdmissionTypes.REQUEST,
                "namespaceObject", AdmissionTypes.NAMESPACE,
                VARIABLES, struct));
        List<CelType> all = new ArrayList<>(types.structs());
        all.addAll(AdmissionTypes.STRUCTS);
        all.add(struct);
        Environment environment = Environment.of(names, all);
        for (ObjectNode variable : own) {
            if (late.getAsBoolean()) {
                break;
            }
            try {
                known.put(Json.string(variable, "name"), environment.compile(Json.string(variable, "expression")).type());
            } catch (ExpressionException e) {
                // Then it may be anything.
            }
        }
        return environment;
    }

    /// The warnings, each with `fieldRef` and `warning`.
    public List<ObjectNode> warnings() {
        List<ObjectNode> warnings = new ArrayList<>();
        int i = 0;
        for (ObjectNode validation : Json.objects(spec, "validations")) {
            for (String field : List.of("expression", "messageExpression")) {
                String text = Json.string(validation, field);
                String wrong = text.isBlank() ? "" : wrong(text);
                if (!wrong.isEmpty()) {
                    warnings.add(Json.object().put("fieldRef", "spec.validations[" + i + "]." + field).put("warning", wrong));
                }
            }
            i++;
        }
        return warnings;
    }

    private String wrong(String text) {
        List<String> wrong = new ArrayList<>();
        environments.forEach((subject, environment) -> {
            if (late.getAsBoolean()) {
                return;
            }
            try {
                environment.compile(text);
            } catch (ExpressionException e) {
                wrong.add(subject + ": " + e.text() + "\n");
            }
        });
        return String.join("\n", wrong);
    }
}
