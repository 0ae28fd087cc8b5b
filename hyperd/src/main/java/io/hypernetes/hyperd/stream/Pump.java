package io.hypernetes.hyperd.stream;

import io.hypernetes.guest.GuestException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/// Carries bytes one way until their end. Backpressure is the blocking of the two streams.
final class Pump {
    private static final int BUFFER = 32 * 1024;

    /// How a pump ended.
    enum End {
        /// The source has ended.
        SOURCE_ENDED,
        /// Reading failed: the source has gone.
        SOURCE_LOST,
        /// Writing failed: nobody wants the bytes any more.
        TARGET_LOST
    }

    private Pump() {}

    static End run(InputStream from, OutputStream to) {
        byte[] buffer = new byte[BUFFER];
        while (true) {
            int count;
            try {
                count = from.read(buffer);
            } catch (IOException | GuestException lost) {
                return End.SOURCE_LOST;
            }
            if (count < 0) {
                return End.SOURCE_ENDED;
            }
            try {
                to.write(buffer, 0, count);
                to.flush();
            } catch (IOException | GuestException lost) {
                return End.TARGET_LOST;
            }
        }
    }

    /// Closes what may have gone already.
    static void close(AutoCloseable stream) {
        try {
            stream.close();
        } catch (Exception gone) {
            // The other end went away first; there is nothing left to end.
        }
    }
}
