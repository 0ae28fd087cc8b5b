package io.hypernetes.hyperd.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class UnansweredTest {
    private static final JsonMapper JSON = new JsonMapper();

    private static JsonNode host(String field) {
        return JSON.readTree("{\"HostConfig\":{" + field + "}}");
    }

    /// What the stock client (28) sends for `docker create alpine`.
    @Test
    void whatAClientSaysOfItselfAsksForNothing() {
        assertThatCode(() -> Unanswered.refuse(JSON.readTree("""
                {"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":true,"Tty":false,"Env":null,"Cmd":null,"Image":"alpine","Volumes":{},
                "Entrypoint":null,"OnBuild":null,"Labels":{},"HostConfig":{"Binds":null,"ContainerIDFile":"","LogConfig":{"Type":"","Config":{}},"NetworkMode":"default",
                "PortBindings":{},"RestartPolicy":{"Name":"no","MaximumRetryCount":0},"AutoRemove":false,"VolumeDriver":"","VolumesFrom":null,"ConsoleSize":[0,0],
                "CapAdd":null,"CgroupnsMode":"","Dns":[],"ExtraHosts":null,"GroupAdd":null,"IpcMode":"","Cgroup":"","Links":null,"OomScoreAdj":0,"PidMode":"",
                "SecurityOpt":null,"UTSMode":"","UsernsMode":"","ShmSize":0,"Isolation":"","CpuShares":0,"Memory":0,"NanoCpus":0,"CgroupParent":"","BlkioWeight":0,
                "BlkioWeightDevice":[],"BlkioDeviceReadBps":[],"CpusetCpus":"","CpusetMems":"","Devices":[],"DeviceCgroupRules":null,"DeviceRequests":null,
                "MemoryReservation":0,"MemorySwap":0,"MemorySwappiness":-1,"OomKillDisable":false,"PidsLimit":0,"Ulimits":[],"CpuCount":0,"CpuPercent":0,
                "IOMaximumIOps":0,"IOMaximumBandwidth":0,"MaskedPaths":null,"ReadonlyPaths":null},
                "NetworkingConfig":{"EndpointsConfig":{"default":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"IPAddress":"",
                "IPPrefixLen":0,"DNSNames":null}}}}"""))).doesNotThrowAnyException();
        assertThatCode(() -> Unanswered.refuse(JSON.readTree("{}"))).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource(quoteCharacter = '\'', delimiter = '|', value = {
        "\"CpusetCpus\":\"0\"|--cpuset-cpus", "\"IpcMode\":\"container:x\"|--ipc", "\"OomKillDisable\":true|--oom-kill-disable", "\"MemorySwap\":-1|--memory-swap",
        "\"MemorySwappiness\":60|--memory-swappiness", "\"LogConfig\":{\"Type\":\"syslog\"}|--log-driver syslog",
        "\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}}|--log-opt", "\"SecurityOpt\":[\"apparmor=mine\"]|--security-opt apparmor",
        "\"NetworkMode\":\"host\"|network host", "\"PidMode\":\"host\"|--pid",
        "\"BlkioWeight\":300|--blkio-weight", "\"Runtime\":\"runc\"|--runtime"})
    void anOptionWithoutEffectIsRefusedByItsName(String field, String named) {
        assertThatThrownBy(() -> Unanswered.refuse(host(field))).isInstanceOf(DockerFailure.class).hasMessageContaining(named)
                .extracting(failure -> ((DockerFailure) failure).status()).isEqualTo(501);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"MacAddress\":\"02:00:00:00:00:01\"",
        "\"NetworkingConfig\":{\"EndpointsConfig\":{\"bridge\":{\"MacAddress\":\"02:00:00:00:00:01\"}}}",
        "\"NetworkingConfig\":{\"EndpointsConfig\":{\"bridge\":{\"IPAMConfig\":{\"IPv4Address\":\"10.0.0.9\"}}}}"})
    void whatIsBesideTheHostConfigIsRefusedToo(String field) {
        assertThatThrownBy(() -> Unanswered.refuse(JSON.readTree("{" + field + "}"))).isInstanceOf(DockerFailure.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "\"IpcMode\":\"private\"", "\"CgroupnsMode\":\"private\"", "\"SecurityOpt\":[\"no-new-privileges\",\"apparmor=unconfined\"]",
        "\"LogConfig\":{\"Type\":\"json-file\"}", "\"Memory\":64,\"MemorySwap\":64"})
    void whatIsSoAnywayIsAccepted(String field) {
        assertThatCode(() -> Unanswered.refuse(host(field))).doesNotThrowAnyException();
    }

    @Test
    void noNewPrivilegesMayBeDenied() {
        assertThat(Unanswered.noNewPrivileges(JSON.readTree("{\"SecurityOpt\":[\"no-new-privileges\"]}"))).isTrue();
        assertThat(Unanswered.noNewPrivileges(JSON.readTree("{\"SecurityOpt\":[\"no-new-privileges:true\"]}"))).isTrue();
        assertThat(Unanswered.noNewPrivileges(JSON.readTree("{\"SecurityOpt\":[\"no-new-privileges=false\"]}"))).isFalse();
        assertThat(Unanswered.noNewPrivileges(JSON.readTree("{}"))).isFalse();
    }
}
