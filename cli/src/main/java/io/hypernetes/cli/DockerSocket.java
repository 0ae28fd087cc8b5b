package io.hypernetes.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
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

    /// Pulls an image.
    ///
    /// @param progress told each line of hyperd's, as `docker pull` gets it
    /// @throws UsageException with the registry's reason
    void pull(String reference, Consumer<JsonNode> progress) throws IOException {
        int at = reference.indexOf('@');
        int colon = reference.lastIndexOf(':');
        boolean tagged = at < 0 && colon > reference.lastIndexOf('/');
        String image = at >= 0 ? reference.substring(0, at) : tagged ? reference.substring(0, colon) : reference;
        String tag = at >= 0 ? reference.substring(at + 1) : tagged ? reference.substring(colon + 1) : "latest";
        String path = "/images/create?fromImage=" + encoded(image) + "&tag=" + encoded(tag);
        try (SocketChannel channel = connect()) {
            send(channel, "POST", path, 0);
            InputStream in = Channels.newInputStream(channel);
            requireSuccess(in, "POST /images/create");
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                JsonNode said = JSON.readTree(line);
                if (said.has("error")) {
                    throw new UsageException(said.path("error").asString(""), 1);
                }
                progress.accept(said);
            }
        }
    }

    /// Saves images as an archive that `load` reads; `target` is there only when it is whole.
    ///
    /// @param taken told how many bytes have come so far
    void save(List<String> names, Path target, LongConsumer taken) throws IOException {
        String path = "/images/get?" + String.join("&", names.stream().map(name -> "names=" + encoded(name)).toList());
        Path part = target.resolveSibling(target.getFileName() + ".part");
        try (SocketChannel channel = connect()) {
            send(channel, "GET", path, 0);
            InputStream in = Channels.newInputStream(channel);
            requireSuccess(in, "GET /images/get");
            long length = 0;
            int zeros = 0; // a tar ends in two blocks of them; an answer that was cut off does not
            try (OutputStream out = Files.newOutputStream(part)) {
                byte[] buffer = new byte[CHUNK];
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    out.write(buffer, 0, read);
                    length += read;
                    int last = read;
                    while (last > 0 && buffer[last - 1] == 0) {
                        last--;
                    }
                    zeros = last == 0 ? zeros + read : read - last;
                    taken.accept(length);
                }
            }
            if (zeros < 1024) {
                throw new IOException("hyperd broke off after " + length + " bytes; its log says why");
            }
            Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /// Removes a name of an image, and with its last name the image.
    JsonNode remove(String name) throws IOException {
        return JSON.readTree(exchange("DELETE", "/images/" + name, null, count -> {}));
    }

    /// Removes images that nothing uses.
    ///
    /// @param all also those that have a name
    JsonNode prune(boolean all) throws IOException {
        String filters = "{\"dangling\":[\"" + !all + "\"]}";
        return JSON.readTree(exchange("POST", "/images/prune?filters=" + encoded(filters), null, count -> {}));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private SocketChannel connect() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new UsageException("hyperd does not answer on " + socket + " (" + e.getMessage()
                    + "); start the node with `hypernetes up`", UsageException.UNAVAILABLE);
        }
    }

    private static void send(SocketChannel channel, String method, String path, long length) throws IOException {
        String head = method + " " + path + " HTTP/1.0\r\nHost: hyperd\r\nContent-Type: application/x-tar\r\nContent-Length: "
                + length + "\r\n\r\n";
        write(channel, ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
    }

    /// Reads the head of an answer, byte for byte, so that what follows is left in the stream.
    private static void requireSuccess(InputStream in, String call) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0 && head.length() < CHUNK) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("hyperd closed the connection without answering " + call + "; its log says why");
            }
            head.append((char) next);
        }
        String status = head.substring(0, head.indexOf("\r\n"));
        if (Integer.parseInt(status.split(" ")[1]) >= 300) {
            String text = new String(in.readNBytes(CHUNK), StandardCharsets.UTF_8);
            String message = text.startsWith("{") ? JSON.readTree(text).path("message").asString("") : text;
            throw new UsageException(message.isBlank() ? call + ": " + status : message, 1);
        }
    }

    private String exchange(String method, String path, @org.jspecify.annotations.Nullable FileChannel body, LongConsumer sent)
            throws IOException {
        long length = body == null ? 0 : body.size();
        try (SocketChannel channel = connect()) {
            send(channel, method, path, length);
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
