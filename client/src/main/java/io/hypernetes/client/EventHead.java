package io.hypernetes.client;

import java.util.Arrays;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/// What an event of a watch says before its object is decoded: its type, and which state of which object it tells of. Texts that are not there are empty.
///
/// Only so much of the event is read as it takes, and the managed fields, which nobody here reads and which are often longer than the rest, are
/// made blank in passing.
final class EventHead {
    private final byte[] bytes;
    private final int offset;
    private String type = "";
    private int object = -1;
    private boolean hasMetadata;
    private String namespace = "";
    private String name = "";
    private String resourceVersion = "";

    private EventHead(byte[] bytes, int offset) {
        this.bytes = bytes;
        this.offset = offset;
    }

    /// @throws tools.jackson.core.JacksonException when what is read of the event is not JSON
    static EventHead of(JsonFrames event) {
        EventHead head = new EventHead(event.bytes(), event.offset());
        try (JsonParser parser = Json.MAPPER.createParser(event.bytes(), event.offset(), event.length())) {
            head.readEvent(parser);
        }
        return head;
    }

    String type() {
        return type;
    }

    /// Where the object begins in the bytes; negative when there is none.
    int object() {
        return object;
    }

    String namespace() {
        return namespace;
    }

    String name() {
        return name;
    }

    String resourceVersion() {
        return resourceVersion;
    }

    private boolean isWhole() {
        return hasMetadata && !type.isEmpty();
    }

    private void readEvent(JsonParser parser) {
        parser.nextToken();
        for (String field = parser.nextName(); field != null; field = parser.nextName()) {
            JsonToken value = parser.nextToken();
            if (field.equals("type")) {
                type = text(parser);
            } else if (field.equals("object") && value == JsonToken.START_OBJECT) {
                object = position(parser) - 1;
                readObject(parser);
            } else {
                parser.skipChildren();
            }
            if (isWhole()) {
                return;
            }
        }
    }

    private void readObject(JsonParser parser) {
        for (String field = parser.nextName(); field != null; field = parser.nextName()) {
            if (parser.nextToken() == JsonToken.START_OBJECT && field.equals("metadata")) {
                readMetadata(parser);
                hasMetadata = true;
                if (isWhole()) {
                    return;
                }
            } else {
                parser.skipChildren();
            }
        }
    }

    private void readMetadata(JsonParser parser) {
        for (String field = parser.nextName(); field != null; field = parser.nextName()) {
            JsonToken value = parser.nextToken();
            switch (field) {
                case "namespace" -> namespace = text(parser);
                case "name" -> name = text(parser);
                case "resourceVersion" -> resourceVersion = text(parser);
                case "managedFields" -> makeBlank(parser, value);
                default -> parser.skipChildren();
            }
        }
    }

    private void makeBlank(JsonParser parser, JsonToken value) {
        int inside = position(parser);
        parser.skipChildren();
        if (value == JsonToken.START_ARRAY) {
            Arrays.fill(bytes, inside, position(parser) - 1, (byte) ' ');
        }
    }

    /// The text of a scalar; of anything else, which is passed over, none.
    private static String text(JsonParser parser) {
        String text = parser.getValueAsString("");
        parser.skipChildren();
        return text;
    }

    /// Behind the last token that was read.
    private int position(JsonParser parser) {
        return offset + (int) parser.currentLocation().getByteOffset();
    }
}
