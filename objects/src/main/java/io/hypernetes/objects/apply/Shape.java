package io.hypernetes.objects.apply;

import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// How ownership divides a value: as a whole, by its members or by its items.
public sealed interface Shape {
    /// One owner for the whole: scalars, and what the API calls atomic.
    enum Whole implements Shape {
        WHOLE
    }

    /// A value of no known type: objects by their members, everything else as a whole.
    enum Deduced implements Fields {
        DEDUCED;

        @Override
        public Shape field(String name) {
            return DEDUCED;
        }

        @Override
        public boolean declares(String name) {
            return false;
        }
    }

    /// An object owned member by member. Looked up lazily, since types may refer to themselves.
    non-sealed interface Fields extends Shape {
        /// The shape of a member.
        Shape field(String name);

        /// Whether the member is part of the type; false for an entry of a map.
        boolean declares(String name);
    }

    /// A list of values without order, each owned by itself.
    record SetOf() implements Shape {}

    /// A list of objects that are told apart by keys.
    ///
    /// @param defaults of keys that may be left out
    record Keyed(List<String> keys, Map<String, JsonNode> defaults, Shape item) implements Shape {
        public Keyed {
            keys = List.copyOf(keys);
            defaults = Map.copyOf(defaults);
        }
    }

    /// The shape of this very value: one of another JSON type than its shape expects is owned as a whole.
    default Shape of(JsonNode value) {
        return switch (this) {
            case Whole whole -> whole;
            case Fields fields -> value instanceof ObjectNode ? fields : Whole.WHOLE;
            case SetOf set -> value instanceof ArrayNode ? set : Whole.WHOLE;
            case Keyed keyed -> value instanceof ArrayNode ? keyed : Whole.WHOLE;
        };
    }
}
