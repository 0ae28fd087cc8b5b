package io.hypernetes.images;

import static org.assertj.core.api.Assertions.assertThat;

import io.hypernetes.fuzz.Fuzzer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Throws mutated layers and documents at what reads them from registries and archives.
@Timeout(600)
class HostileBytesTest {
    @TempDir
    Path folder;

    @Test
    void layersAreReadOrRefused() throws Exception {
        Path source = Files.createDirectories(folder.resolve("source/dir"));
        Files.writeString(source.resolve("file"), "content");
        Files.writeString(source.resolve(".wh.gone"), "");
        Files.writeString(source.resolve("n".repeat(120)), "long");
        Files.createSymbolicLink(source.resolve("link"), Path.of("../target"));
        Files.createLink(source.resolve("twin"), source.resolve("file"));
        try (var sparse = new java.io.RandomAccessFile(source.resolve("holes").toFile(), "rw")) {
            sparse.seek(50_000);
            sparse.writeBytes("piece");
            sparse.setLength(90_000);
        }
        List<byte[]> seeds = new ArrayList<>();
        for (String format : List.of("gnu --sparse", "pax --sparse", "ustar", "v7")) {
            Path tar = folder.resolve(format.substring(0, 2) + ".tar");
            String skip = format.contains("sparse") ? "" : " --exclude=n* --exclude=holes";
            Shell.run(("tar -b1 --format=" + format + skip + " --numeric-owner -C " + folder.resolve("source") + " -cf " + tar + " .").split(" "));
            byte[] whole = Files.readAllBytes(tar);
            // Header by header, so that what is behind a damaged one is reached too; checksums are mended below.
            for (int at = 0; at + 1536 <= whole.length; at += 1536) {
                seeds.add(java.util.Arrays.copyOfRange(whole, at, at + 1536));
            }
            seeds.add(whole);
        }
        Fuzzer.Outcome outcome = new Fuzzer("layers", seeds).run(5_000, (input, chance) -> {
            if (chance.nextBoolean()) {
                mendChecksums(input);
            }
            try {
                new LayerSanitiser(ImageSettings.defaults().limits(), Set.of(), OutputStream.nullOutputStream()).run(new ByteArrayInputStream(input));
                return true;
            } catch (IOException | ImageException refused) {
                return false;
            }
        });
        assertThat(outcome.read()).isPositive();
        assertThat(outcome.refused()).isPositive();
    }

    @Test
    void documentsAreReadOrRefused() {
        String digest = "sha256:" + "ab".repeat(32);
        List<byte[]> seeds = List.of(
                bytes("{\"schemaVersion\":2,\"mediaType\":\"" + Documents.OCI_MANIFEST + "\",\"config\":{\"digest\":\"" + digest
                        + "\",\"size\":7},\"layers\":[{\"mediaType\":\"x\",\"digest\":\"" + digest
                        + "\",\"size\":12,\"annotations\":{\"a\":\"b\"}}]}"),
                bytes("{\"manifests\":[{\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"},\"digest\":\"" + digest + "\",\"size\":3}]}"),
                bytes("{\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[\"" + digest
                        + "\"]},\"config\":{\"Entrypoint\":[\"sh\"],\"Env\":[\"A=b\"],\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"l\":\"m\"},\"User\":\"web\"}}"));
        Fuzzer.Outcome outcome = new Fuzzer("image-documents", seeds).run(10_000, (input, chance) -> {
            try {
                JsonNode document = Documents.tree(input, "it");
                if (Documents.isIndex(document)) {
                    Documents.platforms(document);
                    JsonNode ours = Documents.forThisMachine(document);
                    if (ours != null) {
                        Documents.descriptor(ours, "it");
                    }
                } else if (document.has("rootfs")) {
                    Documents.config(input, 1, "it");
                } else {
                    Documents.manifest(document, "it");
                }
                return true;
            } catch (ImageException refused) {
                return false;
            }
        });
        assertThat(outcome.read()).isPositive();
    }

    @Test
    void challengesAndReferencesAreReadOrRefused() {
        List<byte[]> seeds = List.of(
                bytes("Bearer realm=\"https://auth.example/token\",service=\"registry\",scope=\"repository:a/b:pull\""),
                bytes("Basic realm=\"x\\\"y\", charset=utf-8"),
                bytes("registry.example:5000/library/web:1.2@sha256:" + "cd".repeat(32)));
        new Fuzzer("registry-headers", seeds).run(10_000, (input, chance) -> {
            String text = new String(input, StandardCharsets.ISO_8859_1);
            AuthChallenge.parse(List.of(text)).forEach(challenge -> challenge.parameter("realm"));
            try {
                ImageReference.parse(text);
                return true;
            } catch (ImageException refused) {
                return false;
            }
        });
    }

    @Test
    void answersAreReadOrRefused() throws IOException {
        List<byte[]> seeds = List.of(
                bytes("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: x\r\n\r\n"),
                bytes("HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"https://auth.example/token\"\r\nContent-Length: 3\r\n\r\nabc"));
        try (ServerSocket listener = new ServerSocket(0, 10, InetAddress.ofLiteral("127.0.0.1"));
                RegistryHttp http = new RegistryHttp(Duration.ofSeconds(20))) {
            URI address = URI.create("http://127.0.0.1:" + listener.getLocalPort() + "/v2/");
            ImageSettings.Registry registry = new ImageSettings.Registry(List.of(), false, true, false, null);
            Destinations here = new Destinations(address, Requester.OPERATOR, OperatorAddresses.known(_ -> false), HostLookup.SYSTEM);
            Fuzzer.Outcome outcome = new Fuzzer("registry-answers", seeds).run(1_000, (input, chance) -> {
                Thread.startVirtualThread(() -> answer(listener, input));
                try (RegistryConnections connections = http.connections(here, registry);
                        HttpAnswer answer = connections.send(address, Map.of(), null)) {
                    assertThat(answer.body().readAllBytes()).hasSizeLessThanOrEqualTo(input.length);
                    return true;
                } catch (IOException refused) {
                    return false;
                }
            });
            assertThat(outcome.read()).isPositive();
            assertThat(outcome.refused()).isPositive();
        }
    }

    private static void answer(ServerSocket listener, byte[] answer) {
        try (Socket client = listener.accept()) {
            StringBuilder head = new StringBuilder();
            while (!head.toString().endsWith("\r\n\r\n")) {
                head.append((char) client.getInputStream().read());
            }
            client.getOutputStream().write(answer);
        } catch (IOException heardEnough) {
            // It may end when it likes.
        }
    }

    private static void mendChecksums(byte[] tar) {
        for (int at = 0; at + TarReader.BLOCK <= tar.length; at += TarReader.BLOCK) {
            int sum = 0;
            for (int i = 0; i < TarReader.BLOCK; i++) {
                sum += i >= 148 && i < 156 ? ' ' : tar[at + i] & 0xff;
            }
            // Only what looks like a header: content stays as it is.
            if (tar[at + 155] == ' ') {
                byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.ISO_8859_1);
                System.arraycopy(text, 0, tar, at + 148, 8);
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
