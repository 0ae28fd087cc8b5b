package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.AttachRequest;
import io.hypernetes.cri.v1.ContainerState;
import io.hypernetes.cri.v1.ExecRequest;
import io.hypernetes.hyperd.cri.PodCalls;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// The first client of a `stdinOnce` container comes while its pod is paused: the program gets what was typed and the end of it, late but whole.
@ExtendWith(SharedLab.class)
@Order(4)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class PausedAttachTest {
    private static final Duration SOON = Duration.ofSeconds(60);

    private Lab lab;
    private String sandbox;
    private String reader;

    @BeforeEach
    void pause(Lab shared) {
        lab = shared;
        sandbox = lab.run(lab.pod("late"));
        reader = lab.start(sandbox, lab.container("reader", "sh", "-c", "while read line; do echo got $line; done; echo end").setStdin(true).setStdinOnce(true));
        lab.pods(PodCalls.PAUSE, sandbox);
    }

    @AfterEach
    void remove() {
        lab.remove(sandbox);
    }

    private StreamClient attach() {
        return new StreamClient(
                lab.runtime.attach(AttachRequest.newBuilder().setContainerId(reader).setStdin(true).setStdout(true).setStderr(true).build()).getUrl(), "v5.channel.k8s.io");
    }

    @Test
    void whatIsTypedWaitsForThePodToGoOn() throws Exception {
        try (StreamClient client = attach()) {
            client.type("one\n");
            client.type("two\n");
            client.endInput();
            lab.pods(PodCalls.RESUME, sandbox);
            client.awaitEnd();
            assertThat(client.text(StreamClient.STDOUT)).isEqualTo("got one\ngot two\nend\n");
        }
    }

    /// Of an attached terminal and of a command's.
    @Test
    void aTerminalThatWasResizedMeanwhileHasItsNewSizeWhenThePodGoesOn() throws Exception {
        lab.pods(PodCalls.RESUME, sandbox);
        String shell = lab.start(sandbox, lab.container("shell", "sh").setStdin(true).setTty(true));
        try (StreamClient attached = new StreamClient(
                        lab.runtime.attach(AttachRequest.newBuilder().setContainerId(shell).setStdin(true).setStdout(true).setTty(true).build()).getUrl(), "v5.channel.k8s.io");
                StreamClient command = new StreamClient(
                        lab.runtime.exec(ExecRequest.newBuilder().setContainerId(reader).addCmd("sh").setStdin(true).setStdout(true).setTty(true).build()).getUrl(), "v5.channel.k8s.io")) {
            attached.resize(50, 20);
            command.resize(60, 30);
            awaitSize(attached, 50, 20);
            awaitSize(command, 60, 30);
            lab.pods(PodCalls.PAUSE, sandbox);
            attached.resize(101, 37);
            command.resize(102, 38);
            lab.pods(PodCalls.RESUME, sandbox);
            awaitSize(attached, 101, 37);
            awaitSize(command, 102, 38);
            lab.pods(PodCalls.PAUSE, sandbox);
            attached.resize(111, 47);
            lab.pods(PodCalls.RESUME, sandbox);
            awaitSize(attached, 111, 47);
        }
    }

    private static void awaitSize(StreamClient terminal, int columns, int rows) {
        await().atMost(SOON).untilAsserted(() -> {
            terminal.type("stty size\n");
            assertThat(terminal.text(StreamClient.STDOUT)).contains(rows + " " + columns);
        });
    }

    @Test
    void theInputEndsThoughTheClientHasLeftMeanwhile() throws Exception {
        try (StreamClient client = attach()) {
            client.type("one\n");
        }
        lab.pods(PodCalls.RESUME, sandbox);
        await().atMost(SOON).until(() -> lab.status(reader).getState() == ContainerState.CONTAINER_EXITED);
        assertThat(lab.log("late", "reader")).endsWith("end");
    }
}
