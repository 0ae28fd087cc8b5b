package io.hypernetes.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import tools.jackson.databind.JsonNode;

/// What a page of a list says of itself; its items are handed over as they come.
///
/// @param token asks for the next page; empty for none
/// @param resourceVersion of the list
record ListPage(String token, String resourceVersion) {
    /// More than ten times what a server stores as one object.
    private static final int LONGEST_ITEM = 16 << 20;

    /// What an item is given to, in the bytes that are held until the next is read.
    interface Items {
        void take(JsonFrames item) throws IOException;
    }

    /// Reads a page to its end. Items are told apart by their brackets alone, so that one that is not as it should be is not in the way of the others.
    ///
    /// @throws IOException when it is no list
    static ListPage read(InputStream in, Items items) throws IOException {
        JsonFrames frames = new JsonFrames(in, LONGEST_ITEM);
        ListPage page = new ListPage("", "");
        frames.pass('{');
        for (boolean more = !frames.passes('}'); more; more = more(frames, '}')) {
            String name = name(frames);
            frames.pass(':');
            if (name.equals("items") && frames.passes('[')) {
                for (boolean further = !frames.passes(']'); further; further = more(frames, ']')) {
                    frames.value();
                    items.take(frames);
                }
                continue;
            }
            frames.value();
            if (name.equals("metadata")) {
                JsonNode meta = Json.read(frames.bytes(), frames.offset(), frames.length(), JsonNode.class);
                page = new ListPage(meta.path("continue").asString(""), meta.path("resourceVersion").asString(""));
            }
        }
        // A connection whose answer was read to its end serves another request.
        in.transferTo(OutputStream.nullOutputStream());
        return page;
    }

    private static boolean more(JsonFrames frames, char end) throws IOException {
        if (frames.passes(',')) {
            return true;
        }
        frames.pass(end);
        return false;
    }

    private static String name(JsonFrames frames) throws IOException {
        if (frames.peek() != '"') {
            throw new IOException("a name was expected and not '" + (char) (frames.peek() & 0xff) + "'");
        }
        frames.value();
        return Json.read(frames.bytes(), frames.offset(), frames.length(), String.class);
    }
}
