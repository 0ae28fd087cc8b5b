package io.hypernetes.apiserver.node;

import io.hypernetes.apiserver.http.RawConnection;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Carries bytes both ways between a client that left HTTP and a node or pod.
final class Splice {
    private static final Logger log = LoggerFactory.getLogger(Splice.class);
    private static final int BUFFER = 64 * 1024;

    private Splice() {}

    /// Returns when the far end is done and the client has been told. The end of what the client says is passed on as such.
    ///
    /// @param in of the far end, with what was read ahead
    static void between(RawConnection client, InputStream in, Socket far) {
        var toFar = Thread.ofVirtual().name("splice-in").start(() -> {
            var buffer = new byte[BUFFER];
            try {
                var out = far.getOutputStream();
                for (int count = client.read(buffer); count >= 0; count = client.read(buffer)) {
                    out.write(buffer, 0, count);
                    out.flush();
                }
                far.shutdownOutput();
            } catch (IOException e) {
                log.debug("event=splice-ended direction=in cause={}", e.getMessage());
            }
        });
        var buffer = new byte[BUFFER];
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                client.write(buffer, 0, count);
            }
        } catch (IOException e) {
            log.debug("event=splice-ended direction=out cause={}", e.getMessage());
        }
        client.close();
        try {
            toFar.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
