package io.hypernetes.bench;

import io.hypernetes.images.ImageSettings;
import io.hypernetes.images.LocalImageStore;
import io.hypernetes.images.PullProgress;
import io.hypernetes.images.Requester;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Pulls of an image against the floors of copying its bytes and of converting its layers with nothing around. See `bench/image-pull`.
public final class ImagePull {
    private static final int LAYERS = 2;

    private final Path folder;
    private final int port;
    private final String reference;
    private final List<Path> blobs = new ArrayList<>();

    private ImagePull(Path folder, int port) {
        this.folder = folder;
        this.port = port;
        this.reference = "127.0.0.1:" + port + "/bench/image:1";
    }

    /// @param arguments runs, and MiB of content
    public static void main(String[] arguments) throws Exception {
        int runs = Integer.parseInt(arguments[0]);
        Path folder = Files.createTempDirectory("hypernetes-bench-");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        ImagePull bench = new ImagePull(folder, port);
        Process registry = bench.registry();
        try {
            bench.fill(Long.parseLong(arguments[1]) << 20);
            bench.measure(runs, Path.of(System.getProperty("hypernetes.home")).resolve("bench/target/image-pull.json"));
        } finally {
            registry.destroy();
            registry.onExit().join();
            remove(folder);
        }
    }

    private Process registry() throws IOException, InterruptedException {
        Path config = folder.resolve("registry.yml");
        Files.writeString(config, "version: 0.1\nstorage: {filesystem: {rootdirectory: " + folder.resolve("registry") + "}}\nhttp: {addr: '127.0.0.1:" + port + "'}\n");
        Process process = new ProcessBuilder("docker-registry", "serve", config.toString()).redirectErrorStream(true)
                .redirectOutput(folder.resolve("registry.log").toFile()).start();
        for (int i = 0; i < 600; i++) {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                return process;
            } catch (IOException notYet) {
                // It says nowhere that it listens.
                Thread.sleep(100);
            }
        }
        process.destroy();
        throw new IOException("docker-registry does not listen on port " + port);
    }

    // Real programs and libraries: they compress as images do.
    private void fill(long bytes) throws Exception {
        List<List<String>> files = List.of(new ArrayList<>(), new ArrayList<>());
        long taken = 0;
        try (Stream<Path> host = Files.walk(Path.of("/usr/lib"))) {
            for (Path file : (Iterable<Path>) host.filter(each -> Files.isRegularFile(each, java.nio.file.LinkOption.NOFOLLOW_LINKS)).sorted()::iterator) {
                if (taken >= bytes) {
                    break;
                }
                files.get(taken * LAYERS < bytes ? 0 : 1).add(file.toString().substring(1));
                taken += Files.size(file);
            }
        }
        Path layout = Files.createDirectories(folder.resolve("rootfs"));
        for (int i = 0; i < LAYERS; i++) {
            Path list = folder.resolve("list" + i);
            Files.write(list, files.get(i));
            Path tar = folder.resolve("layer" + i + ".tar");
            run("tar", "--numeric-owner", "-C", "/", "-cf", tar.toString(), "-T", list.toString());
            blobs.add(folder.resolve("layer" + i + ".tar.gz"));
            run("gzip", "-k", "-6", tar.toString());
        }
        write(layout);
        run("skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false", "docker-archive:" + archive(layout) + ":bench/image:1", "docker://" + reference);
    }

    private void write(Path layout) throws Exception {
        List<String> diffIds = new ArrayList<>();
        for (int i = 0; i < LAYERS; i++) {
            Path tar = folder.resolve("layer" + i + ".tar");
            diffIds.add("\"sha256:" + output("sha256sum", tar.toString()).split(" ")[0] + "\"");
            Files.createLink(layout.resolve("layer" + i + ".tar"), tar);
        }
        Files.writeString(layout.resolve("config.json"), "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"true\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["
                + String.join(",", diffIds) + "]}}");
        Files.writeString(layout.resolve("manifest.json"), "[{\"Config\":\"config.json\",\"RepoTags\":[\"bench/image:1\"],\"Layers\":[\"layer0.tar\",\"layer1.tar\"]}]");
    }

    private String archive(Path layout) throws Exception {
        Path archive = folder.resolve("archive.tar");
        run("tar", "-C", layout.toString(), "-cf", archive.toString(), "manifest.json", "config.json", "layer0.tar", "layer1.tar");
        return archive.toString();
    }

    private void measure(int runs, Path keep) throws Exception {
        List<Double> pulls = new ArrayList<>();
        List<Double> copies = new ArrayList<>();
        List<Double> conversions = new ArrayList<>();
        long bytes = 0;
        for (Path blob : blobs) {
            bytes += Files.size(blob);
        }
        // The first makes the registry and this process warm, and counts for nothing.
        for (int i = -1; i < runs; i++) {
            double copied = timed(this::copy);
            double converted = timed(this::convert);
            double pulled = timed(this::pull);
            if (i >= 0) {
                copies.add(copied);
                conversions.add(converted);
                pulls.add(pulled);
            }
        }
        double pull = median(pulls);
        double copy = median(copies);
        double sqfstar = median(conversions);
        Map<String, List<Double>> seconds = new TreeMap<>(Map.of("pull", pulls, "copy", copies, "sqfstar", conversions));
        System.out.printf("Image pull, %d layers, %d MiB as transferred, %d runs, medians%n%n", LAYERS, bytes >> 20, runs);
        System.out.printf("  pull from a registry on this machine to disks    %7.2f s%n", pull);
        System.out.printf("  copying the same bytes to disk                   %7.2f s   pull is %.1f times that%n", copy, pull / copy);
        System.out.printf("  gunzip and sqfstar, one layer after the other    %7.2f s   pull is %.2f times that%n", sqfstar, pull / sqfstar);
        Files.writeString(keep, JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build()
                .writeValueAsString(Map.of("bytes", bytes, "layers", LAYERS, "seconds", seconds, "pullToCopy", pull / copy, "pullToSqfstar", pull / sqfstar)));
        System.out.println("  figures: " + keep);
    }

    private void pull() throws Exception {
        Path at = folder.resolve("store");
        try (LocalImageStore store = LocalImageStore.open(at, ImageSettings.defaults())) {
            store.pull(reference, null, Requester.OPERATOR, PullProgress.NONE);
        }
        remove(at);
    }

    private void copy() throws Exception {
        for (Path blob : blobs) {
            Path to = folder.resolve("copied");
            Files.copy(blob, to);
            try (FileChannel file = FileChannel.open(to, StandardOpenOption.WRITE)) {
                file.force(true);
            }
            Files.delete(to);
        }
    }

    private void convert() throws Exception {
        for (Path blob : blobs) {
            Path to = folder.resolve("converted.sqsh");
            Process sqfstar = new ProcessBuilder("sqfstar", "-comp", "lz4", "-no-progress", "-quiet", "-processors", "2", "-mem", "128M", to.toString())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            try (InputStream in = new GZIPInputStream(Files.newInputStream(blob), 1 << 16); OutputStream out = sqfstar.getOutputStream()) {
                in.transferTo(out);
            }
            if (sqfstar.waitFor() != 0) {
                throw new IOException("sqfstar failed");
            }
            try (FileChannel file = FileChannel.open(to, StandardOpenOption.WRITE)) {
                file.force(true);
            }
            Files.delete(to);
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private static double timed(Work work) throws Exception {
        long begin = System.nanoTime();
        work.run();
        return (System.nanoTime() - begin) / 1e9;
    }

    private static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        return sorted.get(sorted.size() / 2);
    }

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", command) + " failed");
        }
    }

    private static String output(String... command) throws Exception {
        Process process = new ProcessBuilder(command).start();
        String text = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        process.waitFor();
        return text;
    }

    private static void remove(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        }
    }
}
