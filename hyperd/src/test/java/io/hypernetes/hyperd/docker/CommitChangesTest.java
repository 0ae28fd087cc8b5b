package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class CommitChangesTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static ObjectNode changed(String... changes) {
        ObjectNode config = (ObjectNode) JSON.readTree("""
                {"Cmd":["old"],"Env":["PATH=/bin","A=1"],"WorkingDir":"/srv","Labels":{"k":"v"}}""");
        CommitChanges.apply(config, List.of(changes));
        return config;
    }

    @Test
    void linesAlterTheConfiguration() {
        ObjectNode config = changed("CMD [\"/run\", \"-v\"]\nUSER web", "env A=2 B=\"two words\" C='x\"y' D=a\\ b", "ENV E e e", "LABEL k=w l=1",
                "EXPOSE 80 53/udp", "VOLUME [\"/data\"]", "VOLUME /more /most", "WORKDIR sub", "STOPSIGNAL SIGINT", "# nothing");
        assertThat(Wish.texts(config.path("Cmd"))).containsExactly("/run", "-v");
        assertThat(Wish.texts(config.path("Env"))).containsExactly("PATH=/bin", "A=2", "B=two words", "C=x\"y", "D=a b", "E=e e");
        assertThat(config.path("User").asString()).isEqualTo("web");
        assertThat(config.path("WorkingDir").asString()).isEqualTo("/srv/sub");
        assertThat(config.path("StopSignal").asString()).isEqualTo("SIGINT");
        assertThat(config.path("Labels").toString()).isEqualTo("{\"k\":\"w\",\"l\":\"1\"}");
        assertThat(config.path("ExposedPorts").propertyNames()).containsExactlyInAnyOrder("80/tcp", "53/udp");
        assertThat(config.path("Volumes").propertyNames()).containsExactlyInAnyOrder("/data", "/more", "/most");
    }

    @Test
    void anEntrypointEndsTheCommandThatWasMeantForAnother() {
        assertThat(changed("ENTRYPOINT serve --now").path("Cmd").isMissingNode()).isTrue();
        assertThat(Wish.texts(changed("ENTRYPOINT serve --now").path("Entrypoint"))).containsExactly("/bin/sh", "-c", "serve --now");
        assertThat(Wish.texts(changed("CMD [\"x\"]", "ENTRYPOINT [\"y\"]").path("Cmd"))).containsExactly("x");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "RUN make|RUN is not a valid change command", "CMD|requires at least one argument", "ENV A|must have two arguments", "ENV A=1 B|can't find =",
        "EXPOSE web|invalid port", "ONBUILD USER x|ONBUILD cannot be had", "LABEL a=\"b|not closed"})
    void whatIsNoSuchLineIsRefused(String line, String said) {
        assertThatThrownBy(() -> changed(line)).isInstanceOf(DockerFailure.class).hasMessageContaining(said);
    }
}
