package io.hypernetes.hyperd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.hypernetes.cri.v1.PodSandboxConfig;
import io.hypernetes.cri.v1.PodSandboxStatusRequest;
import io.hypernetes.cri.v1.StatusRequest;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Pods that start as copies of a machine that has booted already. Needs root and QEMU.
@ExtendWith(SharedLab.class)
@Order(7)
class TemplateEndToEndTest {
    @Test
    void copiesAreTheirOwnAndAreMetAgain(Lab lab) throws Exception {
        // The engine has none after a death, which the class before this ends with.
        String first = lab.run(lab.pod("first"));
        assertThat(info(lab, first)).contains("\"start\":\"cold\"");
        lab.remove(first);
        await().atMost(Duration.ofSeconds(120)).until(() -> starts(lab).contains("templates=1"));
        assertThat(lab.leaks()).as("a template is no leak").isEmpty();
        Copy one = new Copy(lab, lab.pod("one"));
        assertThat(lab.exec(one.container, "cat", "/etc/lab").getStdout().toStringUtf8()).isEqualTo("second layer\n");
        Copy two = new Copy(lab, lab.pod("two").toBuilder().putAnnotations("hypernetes.io/ephemeral-storage", "1Gi").build());
        assertThat(one.random).hasSize(64).isNotEqualTo(two.random);
        assertThat(one.machineId).isNotEqualTo(two.machineId);
        assertThat(one.mac).isNotEqualTo(two.mac).doesNotStartWith("0a:58:00:00:00");
        assertThat(one.address).isNotEqualTo(two.address).contains("eth0");
        assertThat(lab.exec(two.container, "sh", "-c", "df -k / | tail -1 | awk '{print $2}'").getStdout().toStringUtf8().strip())
                .as("the size of a disk that is not the template's").matches("9[0-9]{5}|10[0-9]{5}");
        lab.kill();
        lab.start();
        assertThat(lab.exec(one.container, "hostname").getStdout().toStringUtf8()).isEqualTo("one\n");
        assertThat(info(lab, one.sandbox)).contains("\"start\":\"copy\"");
        assertThat(lab.leaks()).as("templates when the engine was killed").isEmpty();
        lab.remove(one.sandbox);
        lab.remove(two.sandbox);
        assertThat(lab.leaks()).isEmpty();
    }

    private static final class Copy {
        final String sandbox;
        final String container;
        final String random;
        final String machineId;
        final String mac;
        final String address;

        Copy(Lab lab, PodSandboxConfig pod) {
            long asked = System.nanoTime();
            sandbox = lab.run(pod);
            container = lab.start(sandbox, lab.container("main", "sleep", "1000"));
            double uptime = Double.parseDouble(say(lab, "cut -d' ' -f1 /proc/uptime"));
            double age = (System.nanoTime() - asked) / 1e9;
            assertThat(info(lab, sandbox)).contains("\"start\":\"copy\"");
            // Its kernel has run since before the pod was asked for.
            assertThat(uptime + 0.1).as("uptime inside of a pod that is %s s old", age).isGreaterThan(age);
            random = say(lab, "head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n'");
            machineId = say(lab, "cat /proc/sys/kernel/random/uuid");
            mac = say(lab, "cat /sys/class/net/eth0/address");
            address = say(lab, "ip -4 -o addr show dev eth0");
            assertThat(Long.parseLong(say(lab, "date +%s"))).as("its clock").isCloseTo(System.currentTimeMillis() / 1000, within(2L));
        }

        private String say(Lab lab, String script) {
            return lab.exec(container, "sh", "-c", script).getStdout().toStringUtf8().strip();
        }
    }

    private static String starts(Lab lab) {
        return lab.runtime.status(StatusRequest.newBuilder().setVerbose(true).build()).getInfoMap().toString();
    }

    private static String info(Lab lab, String sandbox) {
        return lab.runtime.podSandboxStatus(
                        PodSandboxStatusRequest.newBuilder().setPodSandboxId(sandbox).setVerbose(true).build())
                .getInfoOrThrow("info");
    }
}
