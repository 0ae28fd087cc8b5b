package io.hypernetes.streams;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Terminal sizes from a row of JSON objects that may come in any pieces. Holds one size: the newest that nobody has taken.
final class TerminalSizes {
    /// Two numbers need no more; a longer object is skipped.
    private static final int MAX_OBJECT = 256;

    private final StringBuilder object = new StringBuilder();
    private @Nullable TerminalSize newest;
    private boolean ended;

    synchronized void offer(ByteBuf bytes) {
        String text = bytes.readString(bytes.readableBytes(), StandardCharsets.ISO_8859_1);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (object.length() < MAX_OBJECT) {
                object.append(c);
            }
            if (c == '}') {
                TerminalSize size = Json.terminalSize(object.toString());
                object.setLength(0);
                if (size != null) {
                    newest = size;
                    notifyAll();
                }
            }
        }
    }

    synchronized void end() {
        ended = true;
        notifyAll();
    }

    synchronized Optional<TerminalSize> next() throws InterruptedException {
        while (newest == null && !ended) {
            wait();
        }
        Optional<TerminalSize> size = Optional.ofNullable(newest);
        newest = null;
        return size;
    }
}
