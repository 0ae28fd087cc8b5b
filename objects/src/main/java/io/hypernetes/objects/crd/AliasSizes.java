package io.hypernetes.objects.crd;

import io.hypernetes.objects.FieldError;
import io.hypernetes.objects.Json;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How much discovery tells of the short names and categories of a definition: all of them with each version that is served, so that a definition of a quarter of
/// a megabyte could make a document of hundreds. Definitions in use have a few names and versions.
final class AliasSizes {
    /// Of all served versions together.
    static final int MOST = 20_000;

    /// The same, in characters.
    static final int LONGEST = 1 << 20;

    /// The quotes and the comma.
    private static final int AROUND = 3;

    private static final String TOO_MANY = ("discovery tells all shortNames and categories with each served version: counted once for each of these they may be at most %d,"
                    + " of %d characters in all; leave out short names and categories that nobody uses, or serve fewer versions")
            .formatted(MOST, LONGEST);

    private AliasSizes() {}

    /// What is wrong with the names; empty when nothing is. It says nothing of how many too many there are, so that a definition that an earlier server accepted can be changed.
    static List<FieldError> check(ObjectNode definition) {
        JsonNode names = definition.path("spec").path("names");
        long served = Json.objects(definition.path("spec"), "versions").stream().filter(version -> Json.flag(version, "served")).count();
        long count = 0;
        long length = 0;
        for (String field : List.of("shortNames", "categories")) {
            for (JsonNode each : names.path(field)) {
                count++;
                length += each.asString("").length() + AROUND;
            }
        }
        return served * count > MOST || served * length > LONGEST ? List.of(FieldError.forbidden("spec.names", TOO_MANY)) : List.of();
    }
}
