package io.hypernetes.kubelet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.EphemeralContainerBuilder;
import io.fabric8.kubernetes.api.model.Event;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// What a user is told of a container that does not start, in upstream's words: pkg/kubelet/images/image_manager.go and
/// pkg/kubelet/kuberuntime/kuberuntime_container.go.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class FailedStartsTest extends KubeletHarness {
    private List<String> told(String pod) {
        return events().stream().filter(event -> pod.equals(event.getInvolvedObject().getName())).map(FailedStartsTest::text).toList();
    }

    private static String text(Event event) {
        return event.getType() + " " + event.getReason() + " " + event.getMessage();
    }

    @Test
    void anImageThatIsNoNameIsNotPulled() {
        create(pod("capitals").editSpec().editContainer(0).withImage("UPPER/Case:bad").endContainer().endSpec().build());
        String message = "Failed to apply default image tag \"UPPER/Case:bad\": couldn't parse image reference \"UPPER/Case:bad\": "
                + "invalid reference format: repository name (Case) must be lowercase";
        eventually("capitals", pod -> {
            assertThat(main(pod).getState().getWaiting().getReason()).isEqualTo("InvalidImageName");
            assertThat(main(pod).getState().getWaiting().getMessage()).isEqualTo(message);
        });
        await().untilAsserted(() -> assertThat(told("capitals")).contains("Warning InspectFailed " + message, "Warning Failed Error: InvalidImageName"));
        assertThat(cri.calls()).doesNotContain("pull UPPER/Case:bad");
    }

    @Test
    void anImageThatIsNeverPulledFailsLikeAnyOther() {
        create(pod("never").editSpec().editContainer(0).withImage("absent:1").withImagePullPolicy("Never").endContainer().endSpec().build());
        await().untilAsserted(() -> assertThat(told("never")).contains(
                "Warning ErrImageNeverPull Container image \"absent:1\" is not present with pull policy of Never",
                "Warning Failed Error: ErrImageNeverPull"));
    }

    @Test
    void aProgramThatIsNotThereIsToldOfOnce() {
        cri.startFailure = "/no/such/thing: No such file or directory";
        create(pod("web").build());
        eventually("web", pod -> {
            assertThat(main(pod).getRestartCount()).isPositive();
            ContainerStateTerminated last = main(pod).getLastState().getTerminated();
            assertThat(last.getReason()).isEqualTo("StartError");
            assertThat(last.getStartedAt()).as("as upstream has it of what never ran").isEqualTo("1970-01-01T00:00:00Z");
        });
        await().untilAsserted(() -> assertThat(events()).filteredOn(event -> event.getReason().equals("Failed")).singleElement().satisfies(event -> {
            assertThat(event.getMessage()).isEqualTo("Error: starting container main: /no/such/thing: No such file or directory");
            assertThat(event.getCount()).isGreaterThan(1);
        }));
    }

    @Test
    void eventsNameTheContainerAndWhichItIs() {
        create(pod("web").build());
        running("web");
        change("web", pod -> pod.edit().editSpec().addToEphemeralContainers(new EphemeralContainerBuilder()
                .withName("debugger").withImage("tools:1").withImagePullPolicy("IfNotPresent").build()).endSpec().build());
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertThat(events())
                .extracting(event -> event.getInvolvedObject().getFieldPath() + " " + event.getMessage())
                .contains("spec.containers{main} Container created", "spec.containers{main} Container started",
                        "spec.ephemeralContainers{debugger} Container started"));
    }
}
