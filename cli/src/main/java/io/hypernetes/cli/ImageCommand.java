package io.hypernetes.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `hypernetes image`.
@Command(
        name = "image",
        description = "Pull, load, save, list and remove the images of this node.",
        mixinStandardHelpOptions = true,
        subcommands = {ImageCommand.Load.class, ImageCommand.LoadSample.class, ImageCommand.ListImages.class,
            ImageChangeCommands.Pull.class, ImageChangeCommands.Save.class, ImageChangeCommands.Remove.class, ImageChangeCommands.Prune.class},
        footerHeading = "%nExamples:%n",
        footer = {"  hypernetes image load app.tar        what `docker save` or `skopeo copy … oci-archive:` wrote", "  hypernetes image list", "  hypernetes image pull registry.example:5000/app:1", "  hypernetes image save app.tar app:1        an OCI layout; every digest stays"})
final class ImageCommand {

    @Command(name = "load", description = "Load a docker-archive or OCI layout tar file into this node.", mixinStandardHelpOptions = true)
    static final class Load implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Parameters(paramLabel = "FILE", description = "the tar file")
        @SuppressWarnings("NullAway.Init")
        private Path file;

        @Override
        public void run() {
            Console console = Console.ofProcess();
            if (!Files.isReadable(file)) {
                throw new UsageException("there is no readable file " + file);
            }
            List<String> names = console.step("Load " + file.getFileName(), step -> {
                long size = Math.max(1, Files.size(file));
                return new DockerSocket(common.places().dockerSocket())
                        .load(file, sent -> step.detail(sent >= size ? "converting layers" : sent * 100 / size + " %"));
            });
            names.forEach(name -> console.say("    " + name));
        }
    }

    @Command(name = "load-sample", description = "Assemble the small sample image from busybox-static and load it into this node.", mixinStandardHelpOptions = true)
    static final class LoadSample implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Override
        public void run() {
            Places places = common.places();
            Console.ofProcess().step("Sample image " + SampleImage.NAME, step -> new DockerSocket(places.dockerSocket())
                    .load(SampleImage.write(places.state().resolve("sample.tar")), sent -> step.detail((sent >> 10) + " KiB")));
        }
    }

    @Command(name = "list", description = "List the images of this node.", mixinStandardHelpOptions = true)
    static final class ListImages implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
        private String output = "table";

        @Override
        public void run() {
            Output.check(output, "table", "json");
            JsonNode images;
            try {
                images = new DockerSocket(common.places().dockerSocket()).images();
            } catch (IOException e) {
                throw new UsageException("listing images: " + e.getMessage(), UsageException.UNAVAILABLE);
            }
            if (output.equals("json")) {
                System.out.println(Output.json(images));
                return;
            }
            List<List<String>> rows = new ArrayList<>();
            rows.add(List.of("IMAGE", "ID", "SIZE"));
            for (JsonNode image : images) {
                String id = image.path("Id").asString("").replaceFirst("^sha256:", "");
                String size = String.format("%.1f MB", image.path("Size").asLong() / 1e6);
                JsonNode names = image.path("RepoTags").isEmpty() ? image.path("RepoDigests") : image.path("RepoTags");
                if (names.isEmpty()) {
                    rows.add(List.of("<none>", id.substring(0, Math.min(12, id.length())), size));
                }
                for (JsonNode name : names) {
                    rows.add(List.of(name.asString(), id.substring(0, Math.min(12, id.length())), size));
                }
            }
            Console.ofProcess().table(rows);
        }
    }
}
