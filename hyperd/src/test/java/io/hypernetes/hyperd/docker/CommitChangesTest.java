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
                {"Cmd":["old"],"Env":["PATH=/bin","A=1","EMPTY=","PORTS=80 81-82/udp","DIR=/d"],"WorkingDir":"/srv","Labels":{"k":"v"}}""");
        CommitChanges.apply(config, List.of(changes));
        return config;
    }

    private static String variable(ObjectNode config, String name) {
        return Wish.texts(config.path("Env")).stream().filter(entry -> entry.startsWith(name + "="))
                .map(entry -> entry.substring(name.length() + 1)).findFirst().orElseThrow();
    }

    @Test
    void linesAlterTheConfiguration() {
        ObjectNode config = changed("CMD [\"/run\", \"-v\"]\nUSER web", "env A=2 B=\"two words\" C='x\"y' D=a\\ b", "ENV E e e", "LABEL k=w l=1",
                "EXPOSE 80 53/udp", "VOLUME [\"/data\"]", "VOLUME /more /most", "WORKDIR sub", "STOPSIGNAL SIGINT", "# nothing");
        assertThat(Wish.texts(config.path("Cmd"))).containsExactly("/run", "-v");
        assertThat(Wish.texts(config.path("Env"))).containsExactly(
                "PATH=/bin", "A=2", "EMPTY=", "PORTS=80 81-82/udp", "DIR=/d", "B=two words", "C=x\"y", "D=a b", "E=e e");
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
    @CsvSource(delimiter = '|', quoteCharacter = '`', ignoreLeadingAndTrailingWhitespace = false, value = {
        "/opt/bin:$PATH|/opt/bin:/bin", "$A$A-${A}x|11-1x", "$AB.$A.B|.1.B", "x$NONE.${NONE}|x.", "${NONE:-w}${EMPTY:-w}${A:-w}|ww1", "${NONE-w}${EMPTY-w}${A-w}|w1",
        "${NONE:+w}${EMPTY:+w}${A:+w}|w", "${NONE+v}${EMPTY+w}${A+w}|ww", "${A:?gone}${EMPTY?gone}|1", "${NONE:-${EMPTY:-$A}}|1", "${NONE:-'}'}\\}|}}", "${NONE:-a\\}b}|a}b",
        "'$A ${A}'|$A ${A}", "\\$A|$A", "\"$A \\$A ${A}\"|1 $A 1", "\"a\\b\\n\"|a\\b\\n", "\"\\\"\\\\\"|\"\\", "a\\bc|abc", "'a\\b'|a\\b", "\"it's\"|it's", "'\"'|\"", "a\"b c\"'d e'|ab cd e",
        "$|$", "$/x|$/x", "$1x$$y|xy", "100%|100%", "x\\|x"})
    void aValueIsReadAsTheBuilderDoes(String written, String read) {
        assertThat(variable(changed("ENV V=" + written), "V")).isEqualTo(read);
        assertThat(changed("LABEL V=" + written).path("Labels").path("V").asString()).isEqualTo(read);
        assertThat(variable(changed("ENV V " + written), "V")).isEqualTo(read);
        assertThat(changed("USER " + written).path("User").asString()).isEqualTo(read);
    }

    @Test
    void variablesAreThoseFromBeforeTheLine() {
        ObjectNode config = changed("ENV A=2 B=$A $DIR=dir", "ENV C=$A$B", "ENV PATH=/opt/bin:$PATH", "ENV PATH=$PATH:/last");
        assertThat(Wish.texts(config.path("Env"))).containsExactly(
                "PATH=/opt/bin:/bin:/last", "A=2", "EMPTY=", "PORTS=80 81-82/udp", "DIR=/d", "B=1", "/d=dir", "C=21");
    }

    @Test
    void aValueThatLooksLikeAVariableIsNotReadAgain() {
        assertThat(variable(changed("ENV A='$DIR \"'", "ENV B=$A"), "B")).isEqualTo("$DIR \"");
    }

    @Test
    void programsKeepTheirVariables() {
        assertThat(Wish.texts(changed("CMD echo \"$A\"").path("Cmd"))).containsExactly("/bin/sh", "-c", "echo \"$A\"");
        assertThat(Wish.texts(changed("ENTRYPOINT [\"$A\"]").path("Entrypoint"))).containsExactly("$A");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "80|80/tcp", "53/UDP 80/|53/udp 80/tcp", "8000-8002|8000/tcp 8001/tcp 8002/tcp", "65535 65534-65535/sctp|65535/tcp 65534/sctp 65535/sctp", "\"90\"|90/tcp",
        "$PORTS|80/tcp 81/udp 82/udp", "9$A/udp|91/udp", "${NONE:-7}-9|7/tcp 8/tcp 9/tcp", "080|80/tcp", "$NONE|``"})
    void portsAreExposed(String written, String exposed) {
        assertThat(changed("EXPOSE " + written).path("ExposedPorts").propertyNames())
                .containsExactlyInAnyOrderElementsOf(exposed.isEmpty() ? List.of() : List.of(exposed.split(" ")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "sub|/srv/sub", "/abs|/abs", "\"/my dir\"|/my dir", "$DIR/x|/d/x", "../up|/up", "../../../up|/up", "./a//b/|/srv/a/b", "'$DIR'|/srv/$DIR", ".|/srv", "..|/"})
    void aFolderStartsWhereTheOneBeforeWas(String written, String folder) {
        assertThat(changed("WORKDIR " + written).path("WorkingDir").asString()).isEqualTo(folder);
        assertThat(changed("WORKDIR " + written, "WORKDIR next").path("WorkingDir").asString()).isEqualTo((folder.equals("/") ? "" : folder) + "/next");
    }

    @Test
    void withoutAFolderBeforeARelativeOneStartsAtTheRoot() {
        ObjectNode config = JSON.createObjectNode();
        CommitChanges.apply(config, List.of("WORKDIR a", "WORKDIR b", "USER $U", "ENV P=/x:$P"));
        assertThat(config.toString()).isEqualTo("{\"WorkingDir\":\"/a/b\",\"User\":\"\",\"Env\":[\"P=/x:\"]}");
    }

    @Test
    void quotesOfUserSignalAndVolumeGo() {
        ObjectNode config = changed("USER \"web:$A\"", "STOPSIGNAL 'SIGINT'", "VOLUME \"/q\" $DIR/v", "VOLUME [\"/j$A\"]");
        assertThat(config.path("User").asString()).isEqualTo("web:1");
        assertThat(config.path("StopSignal").asString()).isEqualTo("SIGINT");
        assertThat(config.path("Volumes").propertyNames()).containsExactlyInAnyOrder("/q", "/d/v", "/j1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "RUN make|RUN is not a valid change command", "CMD|CMD requires at least one argument", "ENV A|ENV must have two arguments",
        "ENV A=1 B|Syntax error - can't find = in \"B\". Must be of the form: name=value", "ENV =1|ENV names can not be blank", "LABEL $NONE=1|LABEL names can not be blank",
        "EXPOSE web|invalid containerPort: web", "EXPOSE 65536|invalid containerPort: 65536", "EXPOSE 8010-8000|invalid containerPort: 8010-8000",
        "EXPOSE 1-65536|invalid containerPort: 1-65536", "EXPOSE 8080:80|invalid containerPort: 8080:80", "EXPOSE 80/icmp|invalid proto: icmp", "EXPOSE $NONE/udp|no port specified: /udp<empty>",
        "EXPOSE 0-65535 1|EXPOSE in --change takes at most 65536 ports together", "ONBUILD USER x|ONBUILD cannot be had", "STOPSIGNAL SIGNO|invalid signal: SIGNO",
        "STOPSIGNAL $NONE|invalid signal: ", "WORKDIR $NONE|cannot normalize nothing", "VOLUME \"\"|VOLUME specified can not be an empty string",
        "CMD [\"a\", 1]|arrays must be comprised of strings only",
        "LABEL a=\"b|failed to process \"\"b\": unexpected end of statement while looking for matching double-quote",
        "USER it's|failed to process \"it's\": unexpected end of statement while looking for matching single-quote",
        "USER ${A|failed to process \"${A\": syntax error: missing '}'", "USER ${A:-b|syntax error: missing '}'", "USER ${|syntax error: missing '}'", "USER ${A:|syntax error: missing '}'",
        "USER ${}|syntax error: bad substitution", "USER ${{A}}|syntax error: bad substitution", "USER ${:-a}|syntax error: bad substitution",
        "USER ${A#1}|unsupported modifier (#) in substitution", "USER ${A:=1}|unsupported modifier (:=) in substitution",
        "USER ${NONE?}|NONE: is not allowed to be unset", "USER ${EMPTY:?}|EMPTY: is not allowed to be empty", "USER ${NONE:?who}|NONE: who"})
    void whatIsNoSuchLineIsRefused(String line, String said) {
        assertThatThrownBy(() -> changed(line)).isInstanceOfSatisfying(
                DockerFailure.class, failure -> assertThat(failure.status()).isEqualTo(line.startsWith("ONBUILD") ? 501 : 400)).hasMessageContaining(said);
    }

    @Test
    void whatGrowsWithoutEndIsRefused() {
        assertThatThrownBy(() -> changed("ENV A=0123456789\n" + "ENV A=$A$A\n".repeat(100))).hasMessageContaining("variables expand to more than 1048576 characters");
        assertThatThrownBy(() -> changed("USER " + "${A:+".repeat(10_000) + "}".repeat(10_000))).hasMessageContaining("more than 32 substitutions within each other");
        assertThat(changed("USER " + "${A:+".repeat(32) + "deep" + "}".repeat(32)).path("User").asString()).isEqualTo("deep");
        assertThatThrownBy(() -> changed("# none\nUSER a\n".repeat(1001))).hasMessageContaining("at most 1000 lines");
    }
}
