package io.hypernetes.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The command line as a client of hyperd's Docker face. HTTP/1.0 over the unix socket: one request a connection, no chunks, no library needed.
final class DockerSocket {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int CHUNK = 1 << 16;

    private final Path socket;

    DockerSocket(Path socket) {
        this.socket = socket;
    }

    /// Loads the images of a tar file.
    ///
    /// @param sent told how many bytes hyperd has taken so far
    /// @return the names of the loaded images
    List<String> load(Path tar, LongConsumer sent) throws IOException {
        List<String> names = new ArrayList<>();
        try (FileChannel file = FileChannel.open(tar)) {
            for (String line : exchange("POST", "/images/load", file, sent).split("\r?\n")) {
                if (!line.isBlank()) {
                    names.add(JSON.readTree(line).path("stream").asString("").replaceFirst("^Loaded image: ", "").trim());
                }
            }
        }
        return names;
    }

    /// The images of the node, as `GET /images/json` tells them.
    JsonNode images() throws IOException {
        return JSON.readTree(exchange("GET", "/images/json", null, count -> {}));
    }

    private String exchange(String method, String path, @org.jspecify.annotations.Nullable FileChannel body, LongConsumer sent)
            throws IOException {
        long length = body == null ? 0 : body.size();
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                throw new UsageException("hyperd does not answer on " + socket + " (" + e.getMessage()
                        + "); start the node with `hypernetes up`", UsageException.UNAVAILABLE);
            }
            String head = method + " " + path + " HTTP/1.0\r\nHost: hyperd\r\nContent-Type: application/x-tar\r\nContent-Length: "
                    + length + "\r\n\r\n";
            write(channel, ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
            for (long at = 0; body != null && at < length; ) {
                at += body.transferTo(at, CHUNK, channel);
                sent.accept(at);
            }
            return answer(channel, method + " " + path);
        }
    }

    private static String answer(SocketChannel channel, String call) throws IOException {
        BufferedReader reader = new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
        String status = reader.readLine();
        if (status == null) {
            throw new IOException("hyperd closed the connection without answering " + call + "; its log says why");
        }
        for (String header = reader.readLine(); header != null && !header.isEmpty(); ) {
            header = reader.readLine();
        }
        StringBuilder text = new StringBuilder();
        reader.lines().forEach(line -> text.append(line).append('\n'));
        int code = Integer.parseInt(status.split(" ")[1]);
        if (code >= 300) {
            String message = text.toString().startsWith("{") ? JSON.readTree(text.toString()).path("message").asString("") : text.toString();
            throw new UsageException(message.isBlank() ? call + ": " + status : message, 1);
        }
        return text.toString();
    }

    private static void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
