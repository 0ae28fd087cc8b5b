package io.hypernetes.guest;

import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/// Joins the frames of one message after the other. For the reading thread alone.
final class Assembly {
    private @Nullable ByteArrayOutputStream parts;
    private int type;
    private int request;

    /// Whether a message has begun and not ended.
    boolean isOpen() {
        return parts != null;
    }

    /// Takes the next frame of stream 0.
    ///
    /// @return the payload of the whole message when this was its last frame, else null
    byte @Nullable [] add(Frame frame) {
        ByteArrayOutputStream open = parts;
        if (open == null) {
            if (!frame.more()) {
                return frame.payload();
            }
            open = new ByteArrayOutputStream(frame.payload().length * 2);
            parts = open;
            type = frame.type();
            request = frame.request();
        } else if (frame.type() != type || frame.request() != request) {
            throw GuestException.protocol("a message begins within another");
        }
        if (open.size() + frame.payload().length > Frame.MAX_MESSAGE) {
            throw GuestException.protocol("a message longer than " + Frame.MAX_MESSAGE + " bytes");
        }
        open.writeBytes(frame.payload());
        if (frame.more()) {
            return null;
        }
        parts = null;
        return open.toByteArray();
    }
}
