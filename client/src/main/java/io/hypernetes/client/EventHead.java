package io.hypernetes.client;

import java.io.IOException;

/// What an event of a watch says before its object is decoded: its type, and which state of which object it tells of. Texts that are not there are empty.
///
/// @param type such as `ADDED`
/// @param begin where the object begins in the bytes; negative when there is none
record EventHead(String type, int begin, ObjectHead object) {
    /// Reads so much of an event as it takes; the object's managed fields are made blank.
    ///
    /// @throws IOException when what is read of it is no JSON
    static EventHead of(JsonFrames event) throws IOException {
        JsonCursor cursor = new JsonCursor(event.bytes(), event.offset(), event.offset() + event.length());
        String type = "";
        int begin = -1;
        ObjectHead object = null;
        cursor.pass('{');
        for (boolean first = true; cursor.member(first); first = false) {
            if (cursor.is("type")) {
                type = cursor.textIfAny();
            } else if (cursor.is("object") && cursor.peek() == '{') {
                begin = cursor.position();
                // The type stands before the object, unless somebody lays it out otherwise.
                object = ObjectHead.of(cursor, event.bytes(), type.isEmpty());
            } else {
                cursor.skip();
            }
            if (object != null && !type.isEmpty()) {
                break;
            }
        }
        return new EventHead(type, begin, object == null ? ObjectHead.NONE : object);
    }
}
