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

    /// In bytes, by the reckoning of [#memory]: somewhat more than any that is in use, which is some fifteen mebibytes.
    public static final long MOST_MEMORY = 28 << 20;

    private static final String RULES = "x-kubernetes-validations";

    /// In bytes, measured roughly on a heap with short references.
    private static final int OF_A_PART = 400;
    private static final int OF_A_VALUE = 80;
    private static final int OF_A_CHARACTER = 2;
    private static final int OF_A_RULE = 8 << 10;

    private static final String TOO_LARGE = ("the schemas of all versions together may have at most %d objects and lists, %d values in all and %d rules,"
                    + " and the definition may take at most %d MiB of memory, in which an object or list counts %d bytes, a value %d, a character %d and a rule %d:"
                    + " leave out versions that nobody uses, or describe less and set x-kubernetes-preserve-unknown-fields")
            .formatted(MOST_PARTS, MOST_VALUES, MOST_RULES, MOST_MEMORY >> 20, OF_A_PART, OF_A_VALUE, OF_A_CHARACTER, OF_A_RULE);

    private int parts;
    private int values;
    private int rules;
    private long characters;

    private SchemaSizes() {}

    /// What is wrong with the versions of a definition; empty when nothing is. It says nothing of how much too much there is, so that a definition that an earlier server accepted
    /// can be changed.
    static List<FieldError> check(ObjectNode definition, List<ObjectNode> versions) {
        SchemaSizes sizes = new SchemaSizes();
        versions.forEach(version -> sizes.add(version.path("schema")));
        return sizes.areTooLarge() || memory(definition) > MOST_MEMORY ? List.of(FieldError.invalidUnshown("spec.versions", TOO_LARGE)) : List.of();
    }

    private boolean areTooLarge() {
        return parts > MOST_PARTS || values > MOST_VALUES || rules > MOST_RULES;
    }

    private void add(JsonNode value) {
        values++;
        if (value.isContainer()) {
            parts++;
            rules += value.path(RULES).size();
            value.propertyNames().forEach(name -> characters += name.length());
            value.values().forEach(this::add);
        } else if (value.isString()) {
            characters += value.stringValue().length();
        }
    }

    /// Roughly how many bytes of memory all takes that is compiled of a definition, with what of the definition itself is held by it.
    public static long memory(ObjectNode definition) {
        SchemaSizes sizes = new SchemaSizes();
        sizes.add(definition.path("spec"));
        // Those that were accepted, which the status has.
        sizes.add(definition.path("spec").path("names"));
        return OF_A_CHARACTER * sizes.characters + (long) OF_A_PART * sizes.parts + (long) OF_A_VALUE * sizes.values + (long) OF_A_RULE * sizes.rules;
    }
}
