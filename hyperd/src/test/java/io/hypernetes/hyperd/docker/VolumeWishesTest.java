package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.hypernetes.images.ImageConfig;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

class VolumeWishesTest {
    private static final ImageConfig IMAGE = new ImageConfig(
            List.of(), List.of("sh"), List.of(), "", "", "", List.of(), List.of("/var/lib/db", "/cache/"), Map.of());

    private static List<VolumeMount> of(String request) {
        return VolumeWishes.of(new JsonMapper().readTree(request), IMAGE, from -> List.of(new VolumeMount("theirs", "/from", false, true))).stream()
                .map(VolumeWishes.Asked::mount).toList();
    }

    @Test
    void theFoldersOfTheImageGetVolumesOfTheirOwn() {
        assertThat(of("{}")).containsExactly(new VolumeMount("", "/var/lib/db", false, true), new VolumeMount("", "/cache", false, true));
    }

    @Test
    void whatIsNamedTakesTheirPlace() {
        assertThat(of("""
                {"Volumes":{"/more":{}},"HostConfig":{"Binds":["data:/var/lib/db:ro","logs:/logs:nocopy,z"],"Tmpfs":{"/cache":""},
                "Mounts":[{"Type":"volume","Source":"mm","Target":"/m/","ReadOnly":true,"VolumeOptions":{"NoCopy":true}},{"Type":"tmpfs","Target":"/t"},
                {"Type":"volume","Target":"/n"}]}}"""))
                .containsExactly(
                        new VolumeMount("data", "/var/lib/db", true, true), new VolumeMount("logs", "/logs", false, false),
                        new VolumeMount("mm", "/m", true, false), new VolumeMount("", "/n", false, true), new VolumeMount("", "/more", false, true));
    }

    @Test
    void volumesOfAnotherContainer() {
        assertThat(of("{\"HostConfig\":{\"VolumesFrom\":[\"other:ro\"],\"Binds\":[\"a1:/var/lib/db\",\"b1:/cache\"]}}"))
                .contains(new VolumeMount("theirs", "/from", true, false));
        assertThat(of("{\"HostConfig\":{\"VolumesFrom\":[\"other\"],\"Binds\":[\"mine:/from\"]}}")).contains(new VolumeMount("mine", "/from", false, true));
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '\'', delimiter = '|', value = {
        "\"Binds\":[\"/etc:/x\"]|501|-v NAME:/path", "\"Binds\":[\"./here:/x\"]|501|virtual machine", "\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/etc\",\"Target\":\"/x\"}]|501|docker cp",
        "\"Mounts\":[{\"Type\":\"image\",\"Target\":\"/x\"}]|501|type=image", "\"VolumeDriver\":\"nfs\"|501|nfs", "\"Binds\":[\"data:/x:shared\"]|501|shared",
        "\"Mounts\":[{\"Type\":\"volume\",\"Target\":\"/x\",\"VolumeOptions\":{\"Subpath\":\"a\"}}]|501|subpath",
        "\"Binds\":[\"da/ta:/x\"]|501|no file system of the host", "\"Binds\":[\"da+ta:/x\"]|400|invalid characters", "\"Binds\":[\"data:x\"]|400|invalid mount path", "\"Binds\":[\"data:/\"]|400|invalid mount path",
        "\"Binds\":[\"data:/a/../b\"]|400|invalid mount path", "\"Binds\":[\"aa:/x\",\"bb:/x/\"]|400|Duplicate mount point: /x", "\"Binds\":[\"a1:/x:ro:rw\"]|400|invalid volume"})
    void whatCannotBeHadIsRefusedInASentence(String host, int status, String said) {
        assertThatThrownBy(() -> of("{\"HostConfig\":{" + host + "}}")).isInstanceOf(DockerFailure.class).hasMessageContaining(said)
                .extracting(failure -> ((DockerFailure) failure).status()).isEqualTo(status);
    }
}
