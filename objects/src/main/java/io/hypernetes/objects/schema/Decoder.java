package io.hypernetes.objects.schema;

import io.hypernetes.objects.Json;
import io.hypernetes.objects.MalformedJsonException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/// Brings what a client sent into the shape of its API type: unknown fields and nulls are dropped, types checked,
/// quantities and times made canonical. Thread-safe.
public final class Decoder {
    private final Schema schema;

    public Decoder(Schema schema) {
        this.schema = schema;
    }

    /// An object in the shape of its type, and what strict decoding would refuse.
    ///
    /// @param problems such as `unknown field "spec.foo"` and `duplicate field "metadata.name"`; empty when it is clean
    public record Decoded(ObjectNode object, List<String> problems) {
        /// The message of a strict refusal: `strict decoding error: unknown field "spec.foo", …`.
        public String strictMessage() {
            return "strict decoding error: " + String.join(", ", problems);
        }
    }

    /// Brings `object` (which is changed) into the shape of `schemaType`.
    ///
    /// @param schemaType such as `core.v1.Pod`
    /// @param duplicates the paths of members that occurred twice, from [Json.Document]
    /// @throws MalformedJsonException when a value is of a type that cannot be accepted; its message is for the client
    public Decoded decode(ObjectNode object, String schemaType, List<String> duplicates) {
        List<String> problems = new ArrayList<>();
        List<String> unknown = new SchemaCheck(schema).run(object, schemaType);
        duplicates.forEach(path -> problems.add("duplicate field \"" + path + "\""));
        problems.addAll(unknown);
        return new Decoded(object, List.copyOf(problems));
    }
}
