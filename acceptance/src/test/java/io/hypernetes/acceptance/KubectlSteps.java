package io.hypernetes.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The stock kubectl, step by step in a namespace of its own. Every step names where upstream says what is expected: a file below
/// `staging/src/k8s.io/kubectl/pkg/cmd` of Kubernetes' repository, or a page of kubernetes.io.
record KubectlSteps(Cluster cluster, String namespace) implements AutoCloseable {

    /// Makes the namespace.
    KubectlSteps {
        cluster.kubectl("create", "namespace", namespace);
    }

    /// One command and what it prints, a regular expression over all of it. Words are divided by blanks; `~` stands for a blank within one.
    String step(String source, String command, String expected) {
        return step(source, "", 0, command, expected);
    }

    /// The same with standard input and an exit code; behind one other than zero, what is printed includes the errors.
    String step(String source, String input, int exitCode, String command, String expected) {
        return judged(source, run(Map.of(), input, command), exitCode, expected);
    }

    /// A command that opens an editor, for which `editor` stands: a command line to which the name of the file is added.
    String edit(String source, String editor, String command, String expected) {
        return judged(source, run(Map.of("KUBE_EDITOR", editor), "", command), 0, expected);
    }

    /// A command with more in its environment.
    String with(Map<String, String> more, String source, String input, String command, String expected) {
        return judged(source, run(more, input, command), 0, expected);
    }

    private Run run(Map<String, String> more, String input, String command) {
        Map<String, String> environment = new HashMap<>(cluster.environment());
        environment.putAll(more);
        return Run.of(Duration.ofMinutes(2), environment, input.getBytes(StandardCharsets.UTF_8), words(command));
    }

    private static String judged(String source, Run run, int exitCode, String expected) {
        String said = exitCode == 0 ? run.out() : run.out() + run.err();
        assertThat(run.exitCode()).as(source + ": " + run).isEqualTo(exitCode);
        assertThat(said.strip()).as(source + ": " + run).matches(Pattern.compile(expected, Pattern.DOTALL));
        return said;
    }

    /// Begins a command; whoever begins it ends it.
    Process start(String command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(words(command));
        builder.environment().putAll(cluster.environment());
        return builder.start();
    }

    private List<String> words(String command) {
        List<String> words = new ArrayList<>(List.of("kubectl", "-n", namespace));
        Arrays.stream(command.split(" ")).map(word -> word.replace('~', ' ')).forEach(words::add);
        return words;
    }

    /// Deletes the namespace and does not wait for its end.
    @Override
    public void close() {
        step("delete/delete.go", "delete namespace " + namespace + " --wait=false", "namespace \"" + namespace + "\" deleted");
    }
}
