package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How much the schemas of a definition are together. A node without anything in it has three bytes of text and takes some hundred times as much where it is read
/// and compiled, in the memory that all tenants share; the largest definitions that are in use have some fifteen thousand.
public final class SchemaSizes {
    /// Each node of a schema is an object, and so is what holds its properties.
    static final int MOST_PARTS = 50_000;

    static final int MOST_VALUES = 250_000;

    /// The compiled form of one is kilobytes; the largest definitions that are in use have a few hundred.
    static final int MOST_RULES = 2_000;

    private static final String RULES = "x-kubernetes-validations";

    /// In bytes, measured roughly on a heap with short references.
    private static final int OF_A_PART = 400;
    private static final int OF_A_VALUE = 80;
    private static final int OF_A_RULE = 8 << 10;

    private int parts;
    private int values;
    private int rules;

    private SchemaSizes() {}

    /// What is wrong with the versions; empty when nothing is. It says nothing of how much too much there is, so that a definition that an earlier server accepted
    /// can be changed.
    static List<FieldError> check(List<ObjectNode> versions) {
        SchemaSizes sizes = new SchemaSizes();
        versions.forEach(version -> sizes.add(version.path("schema")));
        return sizes.areTooLarge()
                ? List.of(FieldError.invalidUnshown(
                        "spec.versions",
                        "the schemas of all versions together may have at most " + MOST_PARTS + " objects and lists, " + MOST_VALUES
                                + " values in all and " + MOST_RULES + " rules: leave out versions that nobody uses, or describe less and set x-kubernetes-preserve-unknown-fields"))
                : List.of();
    }

    private boolean areTooLarge() {
        return parts > MOST_PARTS || values > MOST_VALUES || rules > MOST_RULES;
    }

    private void add(JsonNode value) {
        values++;
        if (value.isContainer()) {
            parts++;
            rules += value.path(RULES).size();
            value.values().forEach(this::add);
        }
    }

    /// Roughly how many bytes of memory a definition takes with all that is compiled of it.
    ///
    /// @param length of its text, in bytes
    public static long memory(ObjectNode definition, int length) {
        SchemaSizes sizes = new SchemaSizes();
        sizes.add(definition);
        return length + (long) OF_A_PART * sizes.parts + (long) OF_A_VALUE * sizes.values + (long) OF_A_RULE * sizes.rules;
    }
}
