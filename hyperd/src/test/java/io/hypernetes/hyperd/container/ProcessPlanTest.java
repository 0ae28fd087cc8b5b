package io.hypernetes.hyperd.container;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.hyperd.HyperdException;
import io.hypernetes.hyperd.journal.ContainerRecord;
import io.hypernetes.images.ImageConfig;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessPlanTest {
    private static final ImageConfig IMAGE = new ImageConfig(
            List.of("/entry"), List.of("a", "b"), List.of("PATH=/bin", "X=image"), "web", "srv", "SIGQUIT", List.of(), List.of(), Map.of());

    @Test
    void commandAndArgumentsReplaceWhatTheyReplace() {
        assertThat(argv(List.of(), List.of())).containsExactly("/entry", "a", "b");
        assertThat(argv(List.of(), List.of("c"))).containsExactly("/entry", "c");
        assertThat(argv(List.of("/own"), List.of())).containsExactly("/own");
        assertThat(argv(List.of("/own"), List.of("c"))).containsExactly("/own", "c");
    }

    @Test
    void somethingMustSayWhatToRun() {
        ImageConfig nothing = new ImageConfig(List.of(), List.of(), List.of(), "", "", "", List.of(), List.of(), Map.of());
        assertThatThrownBy(() -> ProcessPlan.of(request(List.of(), List.of(), ContainerRequest.Security.ORDINARY), nothing))
                .isInstanceOf(HyperdException.class)
                .hasMessageContaining("what to run");
    }

    @Test
    void environmentDirectorySignalAndUserComeFromTheImageUnlessAskedFor() {
        ProcessPlan plan = ProcessPlan.of(request(List.of(), List.of(), ContainerRequest.Security.ORDINARY), IMAGE);
        assertThat(plan.environment()).containsExactly("PATH=/bin", "X=request", "Y=2");
        assertThat(plan.workingDirectory()).isEqualTo("/srv");
        assertThat(plan.stopSignal()).isEqualTo("SIGQUIT");
        assertThat(plan.user()).isEqualTo("web");
    }

    @Test
    void usersAndGroups() {
        assertThat(user(OptionalLong.of(7), OptionalLong.empty(), "")).isEqualTo("7");
        assertThat(user(OptionalLong.of(7), OptionalLong.of(8), "")).isEqualTo("7:8");
        assertThat(user(OptionalLong.empty(), OptionalLong.of(8), "db")).isEqualTo("db:8");
        assertThatThrownBy(() -> user(OptionalLong.empty(), OptionalLong.of(8), "")).hasMessageContaining("without a user");
        assertThatThrownBy(() -> user(OptionalLong.of(-1), OptionalLong.empty(), "")).hasMessageContaining("4294967294");
        assertThatThrownBy(() -> user(OptionalLong.empty(), OptionalLong.empty(), "root:0")).hasMessageContaining("colon");
    }

    @Test
    void capabilities() {
        assertThat(Capabilities.effective(Set.of(), Set.of())).isEqualTo(0xa80425fbL);
        assertThat(Capabilities.effective(Set.of("NET_ADMIN"), Set.of("ALL"))).isEqualTo(1L << 12);
        assertThat(Capabilities.effective(Set.of("ALL"), Set.of("CAP_SYS_ADMIN"))).isEqualTo(Capabilities.ALL & ~(1L << 21));
        assertThat(Capabilities.effective(Set.of("ALL"), Set.of())).isEqualTo(0x1ff_ffff_ffffL);
        assertThat(Capabilities.effective(Set.of(), Set.of("ALL"))).isZero();
        assertThatThrownBy(() -> Capabilities.effective(Set.of("FLY"), Set.of())).hasMessageContaining("FLY");
    }

    @ParameterizedTest
    @CsvSource({"SIGTERM,15", "TERM,15", "9,9", "sigkill,9", "SIGRTMIN+3,37", "SIGRTMINPLUS3,37", "SIGRTMAXMINUS14,50", "SIGRTMAX,64",
        "SIGNOPE,-1", "0,-1", "65,-1", "SIGTERM+1,-1", "SIGRTMIN+99,-1", "'',-1"})
    void signals(String text, int number) {
        assertThat(Signals.number(text).orElse(-1)).isEqualTo(number);
    }

    private static List<String> argv(List<String> command, List<String> arguments) {
        return ProcessPlan.of(request(command, arguments, ContainerRequest.Security.ORDINARY), IMAGE).argv();
    }

    private static String user(OptionalLong uid, OptionalLong gid, String name) {
        ContainerRequest.Security security = new ContainerRequest.Security(
                false, Set.of(), Set.of(), Set.of(), uid, gid, name, List.of(), false, false, List.of(), List.of(), "");
        return ProcessPlan.of(request(List.of(), List.of(), security), IMAGE).user();
    }

    private static ContainerRequest request(List<String> command, List<String> arguments, ContainerRequest.Security security) {
        return new ContainerRequest(
                new ContainerRecord.Identity("c", 0, Map.of(), Map.of()), "image", "image", command, arguments, "",
                List.of("X=request", "Y=2"), List.of(), "", new ContainerRecord.Terminal(false, false, false, null),
                ContainerRecord.Resources.NONE, security, "");
    }
}
