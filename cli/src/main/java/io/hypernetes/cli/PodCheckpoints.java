package io.hypernetes.cli;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.StatusRuntimeException;
import io.hypernetes.hyperd.cri.PodCalls;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The commands below `hypernetes pod` that write pods to disk and bring them back.
final class PodCheckpoints {
    private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private PodCheckpoints() {}

    @Command(
            name = "checkpoint",
            description = {
                "Write a running pod of this node to disk: memory, processes, open files and its writable disk, as of one instant.",
                "It stands still meanwhile (about a second for 100 MiB in use) and goes on afterwards, unless --stop is said."
            },
            mixinStandardHelpOptions = true)
    static final class Save extends PodCommand.OnPod {
        @Option(names = "--name", description = "name of the checkpoint; default: the pod's name and the time")
        private String name = "";

        @Option(names = "--stop", description = "end the pod when it is written")
        private boolean stop;

        @Override
        String act(CriConnection hyperd, String sandbox) {
            String as = name.isEmpty() ? pod().toLowerCase(java.util.Locale.ROOT) + "-" + STAMP.format(Instant.now()) : name;
            hyperd.call(PodCalls.CHECKPOINT, Struct.newBuilder()
                    .putFields("sandbox", text(sandbox))
                    .putFields("name", text(as))
                    .putFields("stop", Value.newBuilder().setBoolValue(stop).build())
                    .build());
            return "written to checkpoint " + as + (stop ? " and stopped" : "");
        }
    }

    @Command(
            name = "restore",
            description = {
                "Bring a pod of this node back as it was when it was written to a checkpoint.",
                "Its log goes on behind what is in it; published host ports come back only if the pod is still there."
            },
            mixinStandardHelpOptions = true)
    static final class Restore implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "--replace", description = "also when the pod runs: what it has become since is lost")
        private boolean replace;

        @Option(names = "--archive", paramLabel = "FILE", description = "from a file that CRI's CheckpointContainer wrote; it becomes a checkpoint of this node first")
        private String archive = "";

        @Parameters(paramLabel = "CHECKPOINT", arity = "0..1", description = "name of the checkpoint; none with --archive")
        private String checkpoint = "";

        @Override
        public void run() {
            if (checkpoint.isEmpty() == archive.isEmpty()) {
                throw new UsageException("say which checkpoint to restore: its name, or --archive FILE, not both");
            }
            try (CriConnection hyperd = new CriConnection(common.places().criSocket())) {
                Struct answer = hyperd.call(PodCalls.RESTORE, Struct.newBuilder()
                        .putFields("name", text(checkpoint))
                        .putFields("archive", text(archive.isEmpty() ? "" : Path.of(archive).toAbsolutePath().toString()))
                        .putFields("replace", Value.newBuilder().setBoolValue(replace).build())
                        .build());
                System.out.println("checkpoint " + (archive.isEmpty() ? checkpoint : archive) + " restored as sandbox "
                        + answer.getFieldsOrDefault("sandbox", Value.getDefaultInstance()).getStringValue());
            } catch (StatusRuntimeException refused) {
                throw CriConnection.explained(refused, common);
            }
        }
    }

    @Command(name = "checkpoints", description = "List the checkpoints of this node, or remove one.", mixinStandardHelpOptions = true)
    static final class ListAll implements Runnable {
        @Mixin
        private final Common common = new Common();

        @Option(names = "--remove", paramLabel = "CHECKPOINT", description = "remove this one")
        private String remove = "";

        @Option(names = "-o", paramLabel = "FORMAT", description = "table (default) or json", defaultValue = "table")
        private String output = "table";

        @Override
        public void run() {
            try (CriConnection hyperd = new CriConnection(common.places().criSocket())) {
                if (!remove.isEmpty()) {
                    hyperd.call(PodCalls.REMOVE_CHECKPOINT, Struct.newBuilder().putFields("name", text(remove)).build());
                    System.out.println("checkpoint " + remove + " removed");
                    return;
                }
                show(hyperd.call(PodCalls.CHECKPOINTS, Struct.getDefaultInstance()));
            } catch (StatusRuntimeException refused) {
                throw CriConnection.explained(refused, common);
            }
        }

        /// One checkpoint as it is shown.
        record Row(String name, String pod, String created, long memoryMib) {}

        private void show(Struct answer) {
            List<Row> all = new ArrayList<>();
            for (Value one : answer.getFieldsOrDefault("checkpoints", Value.getDefaultInstance()).getListValue().getValuesList()) {
                Struct fields = one.getStructValue();
                long nanos = Long.parseLong(field(fields, "createdNanos"));
                all.add(new Row(
                        field(fields, "name"),
                        field(fields, "namespace") + "/" + field(fields, "pod"),
                        Instant.ofEpochSecond(nanos / 1_000_000_000L).toString(),
                        (long) fields.getFieldsOrDefault("memoryBytes", Value.getDefaultInstance()).getNumberValue() >> 20));
            }
            if (output.equals("json")) {
                System.out.println(Output.json(all));
                return;
            }
            List<List<String>> rows = new ArrayList<>(List.of(List.of("CHECKPOINT", "POD", "CREATED", "MEMORY")));
            all.forEach(row -> rows.add(List.of(row.name(), row.pod(), row.created(), row.memoryMib() + " MiB")));
            Console.ofProcess().table(rows);
        }

        private static String field(Struct fields, String name) {
            return fields.getFieldsOrDefault(name, Value.getDefaultInstance()).getStringValue();
        }
    }

    private static Value text(String value) {
        return Value.newBuilder().setStringValue(value).build();
    }
}
