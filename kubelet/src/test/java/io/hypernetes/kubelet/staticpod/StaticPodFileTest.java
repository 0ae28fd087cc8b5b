package io.hypernetes.kubelet.staticpod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StaticPodFileTest {
    @TempDir
    Path folder;

    private Path file(String resources) throws IOException {
        return Files.writeString(folder.resolve("pod.yaml"), """
                apiVersion: v1
                kind: Pod
                metadata: {name: agent}
                spec:
                  containers: [{name: main, image: a, resources: %s}]
                """.formatted(resources));
    }

    @Test
    void amountsAreTaken() throws IOException {
        assertThat(StaticPodFile.read(file("{requests: {memory: 64Mi, cpu: 100m}, limits: {memory: 1e8}}"), "n1").getMetadata().getName()).isEqualTo("agent-n1");
    }

    /// Whoever sums up what a node's pods ask for would meet them, and no other pod would be let in.
    @ParameterizedTest
    @ValueSource(strings = {"{requests: {memory: 64MB}}", "{limits: {cpu: -1}}", "{requests: {cpu: much}}", "{requests: {memory: ''}}"})
    void whatIsNoAmountMakesNoPod(String resources) throws IOException {
        Path file = file(resources);
        assertThatThrownBy(() -> StaticPodFile.read(file, "n1")).isInstanceOf(StaticPodException.class);
    }
}
