package io.hypernetes.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `hypernetes image pull|save|rm|prune`.
final class ImageChangeCommands {
    private ImageChangeCommands() {}

    @Command(name = "pull", description = "Bring an image from its registry, with the credentials of the node's settings.", mixinStandardHelpOptions = true)
    static final class Pull implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "IMAGE", description = "[host[:port]/]repository[:tag][@digest]")
        @SuppressWarnings("NullAway.Init")
        private String image;

        @Override
        public void run() {
            Map<String, JsonNode> layers = new LinkedHashMap<>();
            Console.ofProcess().task("Pull " + image, step -> new DockerSocket(common.places().dockerSocket()).pull(image, line -> {
                if (line.has("id") && line.has("progressDetail")) {
                    layers.put(line.path("id").asString(""), line);
                    step.detail(shown(layers));
                }
            }));
        }

        private static String shown(Map<String, JsonNode> layers) {
            long ready = layers.values().stream().filter(line -> line.path("status").asString("").equals("Pull complete")).count();
            long bytes = layers.values().stream().mapToLong(line -> line.path("progressDetail").path("current").asLong(0)).sum();
            return ready + " of " + layers.size() + " layers" + (bytes == 0 ? "" : ", downloading " + megabytes(bytes));
        }
    }

    @Command(name = "save", description = "Write images to a tar file (OCI layout) that `load` and other tools read.", mixinStandardHelpOptions = true)
    static final class Save implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(index = "0", paramLabel = "FILE", description = "the tar file to write")
        @SuppressWarnings("NullAway.Init")
        private Path file;

        @Parameters(index = "1..*", arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        @SuppressWarnings("NullAway.Init")
        private List<String> images;

        @Override
        public void run() {
            Console.ofProcess().task("Save " + file.getFileName(), step -> new DockerSocket(common.places().dockerSocket())
                    .save(images, file.toAbsolutePath(), taken -> step.detail(megabytes(taken))));
        }
    }

    @Command(name = "rm", description = "Remove names of images, and images with their last name. What a container uses stays.", mixinStandardHelpOptions = true)
    static final class Remove implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(arity = "1..*", paramLabel = "IMAGE", description = "names or ids")
        @SuppressWarnings("NullAway.Init")
        private List<String> images;

        @Override
        public void run() {
            DockerSocket docker = new DockerSocket(common.places().dockerSocket());
            images.forEach(image -> Console.ofProcess().task("Remove " + image, step -> docker.remove(image)));
        }
    }

    @Command(name = "prune", description = "Remove the images without a name that no container uses.", mixinStandardHelpOptions = true)
    static final class Prune implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = {"-a", "--all"}, description = "also those that have a name")
        private boolean all;

        @Option(names = "-o", paramLabel = "FORMAT", description = "text (default) or json", defaultValue = "text")
        private String output = "text";

        @Override
        public void run() {
            Output.check(output, "text", "json");
            JsonNode answer;
            try {
                answer = new DockerSocket(common.places().dockerSocket()).prune(all);
            } catch (IOException e) {
                throw new UsageException("removing unused images: " + e.getMessage(), UsageException.UNAVAILABLE);
            }
            if (output.equals("json")) {
                System.out.println(Output.json(answer));
                return;
            }
            for (JsonNode each : answer.path("ImagesDeleted")) {
                if (each.has("Deleted")) {
                    System.out.println("removed " + each.path("Deleted").asString(""));
                }
            }
            System.out.println("images of " + megabytes(answer.path("SpaceReclaimed").asLong(0)) + " removed");
        }
    }

    private static String megabytes(long bytes) {
        return String.format("%.1f MB", bytes / 1e6);
    }
}
