package io.hypernetes.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/// The machine of a person who logs in: `hypernetes` as the launcher would run it, and the stock kubectl, each person with a home of its own.
final class PersonsMachine {
    private final Path folder;

    PersonsMachine(Path folder) throws IOException {
        this.folder = folder;
        Path launcher = Files.writeString(folder.resolve("hypernetes"), "#!/bin/sh\nexec '" + Path.of(System.getProperty("java.home"), "bin", "java")
                + "' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Dhypernetes.home='" + folder + "' -cp '" + System.getProperty("java.class.path") + "' io.hypernetes.cli.Hypernetes \"$@\"\n");
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    }

    /// What came of a command.
    record Run(int code, String out, String err) {
        String ok() {
            assertThat(code).as(err).isZero();
            return out;
        }
    }

    Run kubectl(Path home, String... arguments) throws Exception {
        return run(Map.of("KUBECONFIG", home.resolve("kubeconfig").toString(), "HYPERNETES_HOME", home.toString(), "HOME", home.toString()), "", command("kubectl", arguments));
    }

    Run hypernetes(Path home, String input, String... arguments) throws Exception {
        return hypernetes(home, Map.of(), input, arguments);
    }

    Run hypernetes(Path home, Map<String, String> environment, String input, String... arguments) throws Exception {
        return started(home, environment, input, arguments).end();
    }

    Started begin(Path home, String... arguments) throws IOException {
        return started(home, Map.of(), "", arguments);
    }

    private Started started(Path home, Map<String, String> environment, String input, String... arguments) throws IOException {
        Map<String, String> all = new HashMap<>(environment);
        all.put("HYPERNETES_HOME", home.toString());
        return new Started(all, input, command(folder.resolve("hypernetes").toString(), arguments));
    }

    private static String[] command(String program, String... arguments) {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(arguments));
        return command.toArray(String[]::new);
    }

    Run run(Map<String, String> environment, String input, String... command) throws Exception {
        return new Started(environment, input, command).end();
    }

    /// A command under way.
    final class Started {
        private final Process process;
        private final Path out = Files.createTempFile(folder, "out", "");
        private final StringBuilder err = new StringBuilder();
        private final Thread reader;

        private Started(Map<String, String> environment, String input, String... command) throws IOException {
            var builder = new ProcessBuilder(command).redirectOutput(out.toFile());
            builder.environment().putAll(environment);
            process = builder.start();
            try (var writer = process.outputWriter()) {
                writer.write(input + "\n");
            } catch (IOException e) {
                // It does not read.
            }
            reader = Thread.ofVirtual().start(this::read);
        }

        private void read() {
            try (BufferedReader lines = process.errorReader()) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    synchronized (err) {
                        err.append(line).append('\n');
                        err.notifyAll();
                    }
                }
            } catch (IOException e) {
                // It ended.
            }
        }

        /// Waits until the command has said something to the person.
        String await(String pattern) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            synchronized (err) {
                while (true) {
                    var matcher = Pattern.compile(pattern).matcher(err);
                    if (matcher.find()) {
                        return matcher.group(1);
                    }
                    long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
                    assertThat(left).as("no %s in %s", pattern, err).isPositive();
                    err.wait(Math.min(left, 500));
                }
            }
        }

        Run end() throws Exception {
            assertThat(process.waitFor(90, TimeUnit.SECONDS)).as(err.toString()).isTrue();
            reader.join();
            return new Run(process.exitValue(), Files.readString(out), err.toString());
        }
    }
}
